/** The circuits in Prometheus' text format. */

import type { Circuit } from './schemas.ts';
import { circuitSchema } from './schemas.ts';

const STATES = circuitSchema.shape.state.options;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

/** @param unreadable how many circuits have a record that cannot be read. */
export function metricsText(circuits: readonly Circuit[], unreadable: number): string {
  const perCircuit = (value: (circuit: Circuit) => number): Family['samples'] =>
    circuits.map((circuit) => [{ circuit: circuit.name }, value(circuit)]);
  const families: Family[] = [
    {
      name: 'switchgear_circuit_state',
      help: '1 for the state in force, 0 for the others.',
      samples: circuits.flatMap(({ name, state }) =>
        STATES.map((each) => [{ circuit: name, state: each }, Number(each === state)] as const),
      ),
    },
    {
      name: 'switchgear_circuit_state_since_seconds',
      help: "When the state in force began, seconds of the store's clock since 1970.",
      samples: perCircuit(({ sinceMs }) => sinceMs / 1_000),
    },
    {
      name: 'switchgear_circuit_window_calls',
      help: 'Calls that the fleet reported in the present window.',
      samples: perCircuit(({ evidence }) => evidence.calls),
    },
    {
      name: 'switchgear_circuit_window_failures',
      help: 'Failed calls that the fleet reported in the present window.',
      samples: perCircuit(({ evidence }) => evidence.failures),
    },
    {
      name: 'switchgear_circuit_window_isolated',
      help: "Failed calls in the present window, each the first of its process after a good one: the fleet's ratio is judged without them, (failures - isolated) / (calls - isolated).",
      samples: perCircuit(({ evidence }) => evidence.isolated),
    },
    {
      name: 'switchgear_circuit_probes',
      help: 'Probes under way.',
      samples: perCircuit(({ leases }) => leases.length),
    },
    {
      name: 'switchgear_circuits_unreadable',
      help: 'Circuits whose record cannot be read.',
      samples: [[{}, unreadable]],
    },
  ];
  return families.map(familyText).join('');
}

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labelsText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
