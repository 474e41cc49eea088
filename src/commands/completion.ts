import { BaseCommand } from '../cli/base-command.js';
import { SHELLS } from '../cli/completion/answer.js';
import { COMPLETION_SCRIPTS } from '../cli/completion/scripts.js';
import { Args } from '../cli/oclif.js';

/** Prints the script that makes a shell complete mesoctl. */
export default class Completion extends BaseCommand {
  static override summary = 'Print the completion script of a shell: commands, flags, and what runs in the cluster.';
  static override description = [
    'Names of tasks, agents, frameworks, offers and roles come from the master of --master or MESOCTL_MASTER; when it',
    'does not answer at once, there are none. For one shell, source the script; for all to come, put it where they look.',
  ].join('\n');
  static override examples = [
    'source <(mesoctl completion bash)                                        bash, or in ~/.bashrc',
    'mesoctl completion bash > ~/.local/share/bash-completion/completions/mesoctl',
    'source <(mesoctl completion zsh)                                         zsh, or in ~/.zshrc',
    'mesoctl completion zsh > /usr/local/share/zsh/site-functions/_mesoctl    zsh, for everybody',
    'mesoctl completion fish > ~/.config/fish/completions/mesoctl.fish        fish',
  ];
  static override helpExtras = {
    files: { '~/.cache/mesoctl/completion': 'names of the last five seconds (XDG_CACHE_HOME counts)' },
  };
  static override args = {
    shell: Args.string({ description: `for which shell: ${SHELLS.join(', ')}`, required: true, options: [...SHELLS] }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const shell = SHELLS.find((one) => one === args.shell);
    if (shell !== undefined) process.stdout.write(COMPLETION_SCRIPTS[shell]);
  }
}
