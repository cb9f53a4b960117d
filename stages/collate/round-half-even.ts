/**
 * A number cut to `digits` decimals as Python's round(x, digits) cuts it: by the exact value of the double,
 * ties to the even digit. JavaScript's toFixed sends ties up, and ties happen: 3 of 96 is 0.03125.
 */
export function roundHalfEven(value: number, digits: number): number {
  const up = Number(value.toFixed(digits));
  const exact = value.toFixed(Math.min(100, digits + 60));
  const tie = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + digits));
  if (!tie) return up;
  const unit = 10 ** -digits;
  const last = Number(up.toFixed(digits).slice(-1));
  return last % 2 === 0 ? up : Number((up - Math.sign(value) * unit).toFixed(digits));
}
