import type { Settings } from './shape.js';

/** What a test edits; what is the same for a whole test comes by the variable ROW_SETTINGS. */
export const settings: Settings = {};
