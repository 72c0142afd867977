import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Says when the database closes, so that Ctrl-C shows that the probes in flight come first. */
export class LoggedDataSource extends DataSource {
  private readonly log = new Logger('Database');

  override async destroy(): Promise<void> {
    await super.destroy();
    this.log.log('Closed');
  }
}
