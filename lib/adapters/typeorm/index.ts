export { onCommit } from './on-commit.js';
export { TypeOrmUnits } from './typeorm-units.js';
export { TypeOrmUnitsModule, type TypeOrmUnitsOptions } from './typeorm-units.module.js';
