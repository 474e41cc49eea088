/** Golden scripts of the agent core: reservations and volumes that it remembers; see ../replay.ts and the commands in script.ts. */
import { replayScripts } from '../replay.js';
import { Script } from './script.js';

replayScripts(new URL('./scripts/', import.meta.url), () => new Script());
