// Numbers that sum up samples. None of these change the array they are given.

/** @param {readonly number[]} samples At least one. */
export function median(samples) {
  return quantile(samples, 0.5);
}

/**
 * The value that a share of the samples does not exceed, between two samples in proportion.
 *
 * @param {readonly number[]} samples At least one.
 * @param {number} share 0 to 1: 0.99 for p99.
 */
export function quantile(samples, share) {
  if (samples.length === 0) throw new RangeError("Cannot sum up no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Half the distance between the least and the greatest sample, as a share of the median. */
export function spread(samples) {
  return (Math.max(...samples) - Math.min(...samples)) / 2 / (median(samples) || 1);
}
