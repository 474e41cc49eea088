/** Golden traces of the master core; see ../replay.ts. */
import { replayScripts } from '../replay.js';
import { Script } from './script.js';

replayScripts(new URL('./scripts/', import.meta.url), () => new Script());
