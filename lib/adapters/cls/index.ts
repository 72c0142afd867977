export { ClsUnits, type ClsUnitsOptions } from './cls-units.js';
export { ClsUnitsModule } from './cls-units.module.js';
