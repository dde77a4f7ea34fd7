import type { CircuitRecord, Epoch } from 'switchgear';
import type { Engine } from '../engine/engine.ts';
import type { Process } from '../engine/process.ts';
import type { Write } from '../store/write.ts';
import type { Law } from './law.ts';

/** Writes down what happens, a line per event, for people. Ids are random and differ from run to run: they get names. */
export function protocol(engine: Engine, line: (text: string) => void): Law {
  const names = new Map<string, string>();
  const name = (id: string) => {
    const known = names.get(id);
    if (known) return known;
    const next = `#${names.size + 1}`;
    names.set(id, next);
    return next;
  };
  const epoch = ({ number, id }: Epoch) => `${number}${name(id)}`;
  const show = (record: CircuitRecord) => {
    const leases =
      record.state === 'half-open'
        ? ` leases [${record.leases.map((lease) => (lease ? `${name(lease.id)} ${lease.by}` : 'free')).join(', ')}] ${record.successes}+ ${record.failures}- lapses ${record.lapses}`
        : '';
    const override = record.override ? ` override ${record.override.mode} v${record.override.version}` : '';
    return `${record.state} ${epoch(record.epoch)}${leases}${override}`;
  };
  const what = (write: Write) => {
    switch (write.verb) {
      case 'report': {
        const counts = Object.values(write.evidence);
        const sum = (of: 'calls' | 'failures' | 'isolated' | 'votes') =>
          counts.reduce((total, count) => total + count[of], 0);
        return `report in ${epoch(write.base.epoch)}: ${sum('failures')} of ${sum('calls')} failed, ${sum('isolated')} isolated, ${sum('votes')} votes`;
      }
      case 'settle':
        return `settle ${name(write.probe.leaseId)} in ${epoch(write.base.epoch)}: ${write.probe.verdict}`;
      case 'transition':
        return `${epoch(write.base.epoch)} → ${write.next.state} ${epoch(write.next.epoch)} (${write.next.transition?.reason})`;
      case 'lease':
        return `lease slot ${write.slot} in ${epoch(write.base.epoch)} as ${name(write.lease.id)}`;
      case 'override':
        return `override ${write.request.mode} for ${write.request.forMs} ms`;
      default:
        return write.verb;
    }
  };
  const say = (process: Process, text: string) =>
    line(`${(engine.elapsedMs / 1_000).toFixed(3).padStart(9)} s  ${process.name.padEnd(9)} ${text}`);
  return {
    sent: (process, write) => say(process, `sends ${what(write)}`),
    wrote: (process, write, { accepted, record }) =>
      say(process, `${accepted ? 'WROTE' : 'was refused'} ${what(write)} ⇒ ${show(record)}`),
    told: (process, records, askedMs, source) =>
      say(
        process,
        `is told by ${source}: ${records.map(show).join('; ')}, ${Math.round(engine.nowMs - askedMs)} ms after asking`,
      ),
    failed: (process, verb, undone) =>
      say(process, `${verb} ${undone ? 'is refused by the store' : 'fails'}`),
    admitted: (call) => say(call.process, 'call admitted'),
    rejected: (call) => say(call.process, 'call refused'),
    ended: (call, outcome) => say(call.process, `call ended: ${outcome}`),
    changed: (process, { source, from, to, reason, epoch: of }) =>
      say(process, `EVENT ${source}: ${from} → ${to} ${epoch(of)} (${reason})`),
  };
}
