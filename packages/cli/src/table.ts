/** A cell: its text, and how to paint it once it has been padded. */
export type TableCell = string | { readonly text: string; readonly paint: (text: string) => string };

/**
 * Rows under their headings, columns aligned by width; a column of numbers only is aligned to the right.
 *
 * The last column is not padded, so that no line ends in blanks.
 */
export function formatTable(headings: readonly string[], rows: readonly (readonly TableCell[])[]): string {
  const all = [headings, ...rows.map((row) => row.map(textOf))];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ""))));
  const numeric = headings.map((_, column) => {
    const texts = rows.map((row) => textOf(row[column] ?? ""));
    return texts.some((text) => /\d/.test(text)) && texts.every((text) => /^([\d.]+[A-Z]?|-|)$/.test(text));
  });
  const lines = [headings, ...rows].map((row) => {
    const cells = headings.map((_, column) => {
      const cell = row[column] ?? "";
      const text = textOf(cell);
      const blanks = " ".repeat((widths[column] as number) - widthOf(text));
      const shown = typeof cell === "string" ? text : cell.paint(text);
      if (numeric[column]) return `${blanks}${shown}`;
      return column === headings.length - 1 ? shown : `${shown}${blanks}`;
    });
    return cells.join("  ").trimEnd();
  });
  return `${lines.join("\n")}\n`;
}

function textOf(cell: TableCell): string {
  return typeof cell === "string" ? cell : cell.text;
}

/** Code points, which is right for ids and numbers; wide letters in free text stand last, where width does not matter. */
function widthOf(text: string): number {
  return [...text].length;
}
