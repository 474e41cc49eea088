/** What the extension API counts and the metrics have no name for. Plain numbers: they cost nothing while nobody asks. */
export class Happenings {
  offersSent = 0;
  offersAccepted = 0;
  offersDeclined = 0;
  /** Expired ones too. */
  offersRescinded = 0;
  tasksLaunched = 0;
}
