import * as typeorm from 'typeorm';
import * as old from 'typeorm-0.3';
import { contractOf } from './support/on-commit.js';
import { typeOrm } from './support/typeorm.js';

contractOf(typeOrm('TypeORM 1', typeorm));
contractOf(typeOrm('TypeORM 0.3', old as unknown as typeof typeorm, 'OLD_DATA_SOURCE'));
