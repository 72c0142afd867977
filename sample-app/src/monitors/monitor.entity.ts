import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { InstantColumn } from '../database/instant.column.js';

@Entity('uptime_monitor')
export class Monitor {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text', unique: true })
  url!: string;

  @Column('integer')
  intervalMs!: number;

  /** null until the first probe. */
  @Column({ type: 'boolean', nullable: true })
  up!: boolean | null;

  @Index()
  @InstantColumn()
  nextProbeAt!: Date;
}
