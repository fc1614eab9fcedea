// Decimals arrive as exact text and are cut, rounded and grouped as text.

// rounded is a decimal with so many decimals, half away from zero.
export function rounded(value, decimals) {
  const negative = value.startsWith('-')
  const [whole, part = ''] = value.replace('-', '').split('.')
  let units = BigInt(whole + part.padEnd(decimals, '0').slice(0, decimals))
  if (part.length > decimals && part[decimals] >= '5') units += 1n
  const digits = units.toString().padStart(decimals + 1, '0')
  const cut = digits.length - decimals
  return (negative && units > 0n ? '-' : '') + digits.slice(0, cut) + (decimals ? '.' + digits.slice(cut) : '')
}

const units = value => BigInt(rounded(value, 18).replace('.', ''))

// hundredths is 100 · a / b of whole numbers, with four decimals.
function hundredths(a, b) {
  const sign = a < 0n ? -1n : 1n
  const n = sign * (2n * sign * a * 1_000_000n + b) / (2n * b)
  const digits = (n < 0n ? -n : n).toString().padStart(5, '0')
  return (n < 0n ? '-' : '') + digits.slice(0, -4) + '.' + digits.slice(-4)
}

// indexed is a price where another one is 100.
export const indexed = (value, first) => hundredths(units(value), units(first))

// deviation is how far a price is off another one, in percent of that.
export const deviation = (value, of) => hundredths(units(value) - units(of), units(of))

// decimalsOf is how many decimals a text has.
export const decimalsOf = value => (value.split('.')[1] ?? '').length

// grouped has a comma between thousands.
export function grouped(value) {
  const [whole, part] = value.split('.')
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part === undefined ? '' : '.' + part)
}

// price is all of a price's decimals, two at least.
export const price = value => value ? grouped(rounded(value, Math.max(2, decimalsOf(value)))) : '–'

// average is shown with one decimal more than the price it is of.
export const average = (value, of) => value ? grouped(rounded(value, Math.max(2, decimalsOf(of)) + 1)) : '–'

// percent has two decimals and its sign.
export function percent(value) {
  if (!value) return '–'
  const short = rounded(value, 2)
  return (short.startsWith('-') ? '\u2212' + short.slice(1) : '+' + short).replace('+0.00', '0.00') + '%'
}

// direction is 1, -1 or 0 for what percent shows.
export function direction(value) {
  const short = value ? rounded(value, 2) : ''
  return !short || Number(short) === 0 ? 0 : short.startsWith('-') ? -1 : 1
}

// compact is a large number in three digits: 31.2 B.
export function compact(value) {
  if (!value) return '–'
  const n = Number(value)
  for (const [size, unit] of [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'K']]) {
    if (n >= size) return `${(n / size).toPrecision(3)} ${unit}`
  }
  return n.toPrecision(3)
}

// plain is a number for an axis whose marks are a step apart: as many decimals as tell them apart.
export function plain(n, step) {
  const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)))
  return grouped(n.toFixed(decimals).replace(/^-(?=[0.]+$)/, ''))
}
