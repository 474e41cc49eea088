/** Golden scripts of the rules of resources (spec page 05); see ../replay.ts and the commands in interpreter.ts. */
import { replayScripts } from '../replay.js';
import { Script } from './interpreter.js';

replayScripts(new URL('./scripts/', import.meta.url), () => new Script());
