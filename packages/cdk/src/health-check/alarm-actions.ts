import type { Alarm, IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';

/** Has each alarm do something when it goes on, and when it is over. */
export function onChange(alarms: readonly Alarm[], actions: readonly IAlarmAction[]): void {
  for (const alarm of alarms) {
    alarm.addAlarmAction(...actions);
    alarm.addOkAction(...actions);
  }
}
