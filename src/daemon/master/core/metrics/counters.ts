/** Counts of things that happened, by the names of spec page 10. Every name is there from the start, at 0. */
const COUNTER_NAMES: readonly string[] = [
  'dropped_messages',
  'slave_registrations',
  'slave_reregistrations',
  'slave_removals',
  'slave_removals/reason_unhealthy',
  'slave_removals/reason_unregistered',
  'slave_removals/reason_registered',
  'slave_shutdowns_scheduled',
  'slave_shutdowns_completed',
  'slave_shutdowns_canceled',
  'slave_unreachable_scheduled',
  'slave_unreachable_completed',
  'slave_unreachable_canceled',
  'recovery_slave_removals',
  'tasks_finished',
  'tasks_failed',
  'tasks_killed',
  'tasks_lost',
  'tasks_error',
  'tasks_dropped',
  'tasks_gone',
  'tasks_gone_by_operator',
  'valid_status_updates',
  'invalid_status_updates',
  'valid_status_update_acknowledgements',
  'invalid_status_update_acknowledgements',
  'valid_operation_status_updates',
  'invalid_operation_status_updates',
  'valid_operation_status_update_acknowledgements',
  'invalid_operation_status_update_acknowledgements',
  'valid_framework_to_executor_messages',
  'invalid_framework_to_executor_messages',
  'valid_executor_to_framework_messages',
  'invalid_executor_to_framework_messages',
  ...[
    'register_framework',
    'reregister_framework',
    'unregister_framework',
    'deactivate_framework',
    'kill_task',
    'status_update_acknowledgement',
    'resource_request',
    'launch_tasks',
    'decline_offers',
    'revive_offers',
    'suppress_offers',
    'reconcile_tasks',
    'reconcile_operations',
    'framework_to_executor',
    'operation_status_update_acknowledgement',
    'register_slave',
    'reregister_slave',
    'unregister_slave',
    'status_update',
    'exited_executor',
    'update_slave',
    'authenticate',
    'executor_to_framework',
    'operation_status_update',
  ].map((message) => `messages_${message}`),
  ...['unreachable', 'finished', 'failed', 'error', 'dropped', 'gone_by_operator'].map(
    (state) => `operations/${state}`,
  ),
  'invalid_scheduler_calls',
];

export class Counters {
  readonly #counts = new Map<string, number>(COUNTER_NAMES.map((name) => [name, 0]));

  /** By full name. O(names): for reading now and then. */
  get all(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#counts, ([name, count]) => [`master/${name}`, count]));
  }

  /** `name` without "master/". */
  add(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }
}
