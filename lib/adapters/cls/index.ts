export { ClsUnits, type ClsUnitsOptions } from './cls-units.js';
