/** A terminal emulator as a test sees it: what stands in each cell, in which style. */
import xterm from '@xterm/headless';

export class Emulator {
  readonly terminal: xterm.Terminal;

  constructor(columns: number, rows: number) {
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  }

  /** Resolves when the text has been taken in. */
  write(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.terminal.write(text, resolve));
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
  }

  /** Visible text, one string a row, without blanks at the end. */
  lines(): string[] {
    const { active } = this.terminal.buffer;
    return Array.from({ length: this.terminal.rows }, (_, row) => {
      return active.getLine(active.baseY + row)?.translateToString(true) ?? '';
    });
  }

  text(): string {
    return this.lines().join('\n');
  }

  get isAlternate(): boolean {
    return this.terminal.buffer.active.type === 'alternate';
  }

  /** Everything that the eye could tell apart: characters and attributes of each cell. */
  cells(): string[] {
    const { active } = this.terminal.buffer;
    const cell = active.getNullCell();
    return Array.from({ length: this.terminal.rows }, (_, row) => {
      const line = active.getLine(active.baseY + row);
      const found: string[] = [];
      for (let column = 0; column < this.terminal.cols; column++) {
        line?.getCell(column, cell);
        const chars = cell.getChars() === '' ? ' ' : cell.getChars();
        const style = [cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor()];
        const flags = [cell.isBold(), cell.isInverse(), cell.isUnderline(), cell.isDim()].map((flag) => (flag ? 1 : 0));
        found.push(cell.getWidth() === 0 ? '' : `${chars}{${style.join(',')},${flags.join('')}}`);
      }
      return found.join('');
    });
  }
}
