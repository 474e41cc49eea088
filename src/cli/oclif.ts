/**
 * What the command line uses of oclif, and the only module that imports it. The build makes one file of this and all that it
 * needs (tools/build.mjs): a hundred small files would take a third of the time of `mesoctl --help`.
 */
export { Args, Command, Errors, Flags, Help, type Hook, type Interfaces, run, settings } from '@oclif/core';
