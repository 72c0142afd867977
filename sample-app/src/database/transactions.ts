import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

/** One at a time: SQLite's driver has a single connection, so the statements of two transactions would mix. */
@Injectable()
export class Transactions {
  private last: Promise<unknown> = Promise.resolve();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const mine = this.last.then(() => this.dataSource.transaction(work));
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
