export { onCommit } from './on-commit.js';
export { MikroOrmUnits } from './mikro-orm-units.js';
export { MikroOrmUnitsModule, type MikroOrmUnitsOptions } from './mikro-orm-units.module.js';
