import { Column, Entity, Index, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { InstantColumn } from '../database/instant.column.js';
import { Monitor } from './monitor.entity.js';

@Entity('uptime_probe_result')
@Index(['monitorId', 'probedAt'])
export class ProbeResult {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToOne(() => Monitor, { nullable: false, onDelete: 'CASCADE' })
  monitor?: Monitor;

  @Column()
  monitorId!: number;

  @Index()
  @InstantColumn()
  probedAt!: Date;

  @Column()
  up!: boolean;

  /** null when no answer came. */
  @Column({ type: 'integer', nullable: true })
  httpStatus!: number | null;

  @Column('integer')
  latencyMs!: number;

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
