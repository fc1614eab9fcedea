import { attribute, byId, el, text, visible } from './dom.js'
import { average, deviation, grouped, indexed, percent, plain, price, rounded } from './decimal.js'
import { clock, day, minute, now, precise, shortDay, span } from './time.js'

const uPlot = window.uPlot
const width = 5 * 60_000 // a pause longer than the average's window breaks the line

// Chart draws the lines of some bases. `changed` is called with {from, to} when a part is zoomed to, with
// null when it is all again.
export class Chart {
  constructor(changed) {
    this.changed = changed
    this.host = byId('plot')
    this.lines = []
    this.zoom = null
    this.shown = null // what the plot was made for
    new ResizeObserver(() => this.resize()).observe(this.host)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.rebuild())
    this.host.addEventListener('keydown', event => this.key(event))
  }

  // show draws lines: one with its average, several by price or indexed to 100.
  show(view, indexed) {
    this.view = view
    if (!this.zoom) this.whole = view
    this.lines = view.lines.filter(l => l.at.length)
    this.indexed = indexed && view.lines.length > 1
    const shape = JSON.stringify([view.lines.map(l => l.base), this.indexed])
    if (shape !== this.shown) this.rebuild(shape)
    else this.draw()
  }

  // append adds new ticks of the pair that a line shows.
  append(ticks, current, newest) {
    if (!this.view || this.zoom) return
    const { step } = this.view
    this.view.to = Math.max(this.view.to, newest)
    for (const t of ticks) {
      const line = this.view.lines.find(l => current[l.base] === t.pair)
      if (line) push(line, t, step)
    }
    const from = this.view.to - this.span
    for (const line of this.view.lines) trim(line, from)
    this.view.from = from
    this.lines = this.view.lines.filter(l => l.at.length)
    this.draw()
  }

  rebuild(shape) {
    this.shown = shape ?? this.shown
    this.plot?.destroy()
    this.plot = null
    if (this.view) this.draw()
  }

  draw() {
    const data = this.data()
    if (!this.plot) {
      this.plot = new uPlot(this.options(), data, this.host)
      this.host.uplot = this.plot // for who inspects the page
    } else {
      this.plot.setData(data, false)
    }
    const { from, to } = this.zoom ?? this.view
    this.plot.setScale('x', { min: from, max: to })
    this.legend(this.plot.cursor.idx)
    this.describe()
  }

  // data is uPlot's: times, then a column per curve. The only place where prices become floats.
  data() {
    if (this.view.lines.length === 1) {
      const [line] = this.view.lines
      const [at, prices, averages] = broken(line.at, line.price.map(Number), line.ma.map(m => m ? Number(m) : null))
      return [at, prices, averages]
    }
    const tables = this.view.lines.map(line => {
      const first = Number(line.price[0])
      return broken(line.at, line.price.map(p => this.indexed ? 100 * Number(p) / first : Number(p)))
    })
    return tables.length ? uPlot.join(tables, tables.map(() => [2])) : [[]]
  }

  options() {
    const style = getComputedStyle(document.documentElement)
    const color = name => style.getPropertyValue(name).trim()
    const axis = { stroke: color('--quiet'), grid: { stroke: color('--grid'), width: 1 }, ticks: { show: false }, font: `12px ${color('--font')}` }
    const curve = (stroke, extra) => ({ stroke: color(stroke), width: 2, points: { show: false }, spanGaps: false, ...extra })
    const series = this.view.lines.length === 1
      ? [{}, curve('--line-0', { fill: color('--fill') }), curve('--average', { width: 1.5, dash: [6, 4] })]
      : [{}, ...this.view.lines.map((_, i) => curve(`--line-${i % 10}`, { dash: i >= 10 ? [2, 3] : undefined, spanGaps: true }))]
    return {
      ...this.size(), ms: 1, padding: [12, 12, 0, 0], tzDate: at => uPlot.tzDate(new Date(at), 'Etc/UTC'),
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false }, points: { size: 8 }, focus: { prox: this.view.lines.length > 1 ? 24 : -1 },
        bind: { dblclick: () => () => { this.reset(); return null } },
      },
      scales: { x: { time: true }, y: { range: (_, min, max) => padded(min, max) } },
      axes: [
        { ...axis, values: (_, marks, __, ___, step) => times(marks, step), space: 80, size: 44 },
        { ...axis, size: measure, values: (_, marks, __, ___, step) => marks.map(m => plain(m, step)), space: 40 },
      ],
      series,
      hooks: {
        setCursor: [u => this.legend(u.cursor.idx)],
        setSelect: [u => this.select(u)],
      },
    }
  }

  size() {
    return { width: Math.max(200, this.host.clientWidth), height: Math.max(200, this.host.clientHeight) }
  }

  resize() {
    const size = this.size()
    if (this.plot && (this.plot.width !== size.width || this.plot.height !== size.height)) this.plot.setSize(size)
  }

  select(u) {
    const { left, width } = u.select
    if (width > 4) this.zoomTo(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'))
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
  }

  zoomTo(from, to) {
    if (to - from < 5_000) return
    this.zoom = { from: Math.round(from), to: Math.round(to) }
    this.plot.setScale('x', { min: this.zoom.from, max: this.zoom.to })
    this.changed(this.zoom)
  }

  reset() {
    if (!this.zoom) return
    this.zoom = null
    this.changed(null)
  }

  key(event) {
    const u = this.plot
    if (!u || event.ctrlKey || event.metaKey || event.altKey) return
    const at = u.data[0]
    const { min, max } = u.scales.x
    const by = event.shiftKey ? 10 : 1
    const middle = (min + max) / 2
    const quarter = (max - min) / 4
    switch (event.key) {
      case 'ArrowLeft': this.moveTo((u.cursor.idx ?? at.length) - by); break
      case 'ArrowRight': this.moveTo((u.cursor.idx ?? -1) + by); break
      case 'Home': this.moveTo(0); break
      case 'End': this.moveTo(at.length - 1); break
      case '+': case '=': this.zoomTo(middle - quarter, middle + quarter); break
      case '-':
        if (this.zoom) {
          const from = Math.max(this.whole.from, middle - 4 * quarter)
          const to = Math.min(this.whole.to, middle + 4 * quarter)
          if (to - from >= 0.98 * this.span) this.reset()
          else this.zoomTo(from, to)
        }
        break
      case '0': case 'Escape': this.reset(); break
      default: return
    }
    event.preventDefault()
  }

  moveTo(index) {
    const u = this.plot
    const i = Math.min(Math.max(index, 0), u.data[0].length - 1)
    if (i < 0) return
    const value = u.data.slice(1).map(column => column[i]).find(v => v != null)
    u.setCursor({ left: u.valToPos(u.data[0][i], 'x'), top: value == null ? 0 : u.valToPos(value, 'y') })
    text(byId('plot-said'), [...byId('legend').children].map(c => c.textContent).join(', '))
  }

  // legend shows the values at the crosshair, or the newest, exactly as they arrived.
  legend(index) {
    const at = index == null ? null : this.plot?.data[0][index]
    const entries = []
    const add = (name, value, mark, exact) => entries.push({ name, value, mark, exact })
    const many = this.view.lines.length > 1
    let time = 0
    this.view.lines.forEach((line, n) => {
      const i = at == null ? line.at.length - 1 : nearest(line.at, at)
      if (i < 0) return
      time = Math.max(time, line.at[i])
      const pair = visible(line.pairs[line.pair[i]])
      if (many) {
        const [now, first] = [line.price[i], line.price[0]]
        const value = this.indexed ? `${grouped(rounded(indexed(now, first), 2))} (${price(now)})` : `${price(now)} (${percent(deviation(now, first))})`
        add(pair, value, `line-${n % 10}`, now)
        return
      }
      add(pair, price(line.price[i]), 'line-0', line.price[i])
      add('5-min average', average(line.ma[i], line.price[i]), 'average', line.ma[i])
      if (line.ma[i]) add('Off average', percent(deviation(line.price[i], line.ma[i])), null, deviation(line.price[i], line.ma[i]))
    })
    const host = byId('legend')
    const nodes = [el('div', { class: 'when' }, el('dt', {}, 'Time (UTC)'), el('dd', {}, time ? (day(time) === day(now()) ? '' : day(time) + ' ') + precise(time) : '–')),
      ...entries.map(e => el('div', {}, el('dt', {}, e.mark ? el('span', { class: `key ${e.mark}`, 'aria-hidden': true }) : '', e.name), el('dd', { 'data-value': e.exact || null }, e.value)))]
    host.replaceChildren(...nodes)
  }

  // describe is the chart in words.
  describe() {
    const words = this.view.lines.map(line => {
      if (!line.at.length) return `${line.base}: no ticks in this range`
      const { low, high } = extremes(line.price)
      return `${line.pairs[line.pair.at(-1)]}: now ${price(line.price.at(-1))}, low ${price(low)}, high ${price(high)}`
    })
    attribute(this.host, 'aria-label', `Prices of the last ${span(this.span)}. ${visible(words.join('; '))}`)
    const empty = byId('plot-empty')
    empty.hidden = this.lines.length > 0
    text(empty, this.view.lines.length ? 'No ticks in this range yet' : 'Nothing is chosen')
  }
}

// push adds a tick, or puts it in the place of the one of the same step.
function push(line, t, step) {
  const last = line.at.length - 1
  if (last >= 0 && t.at < line.at[last]) return
  let pair = line.pairs.indexOf(t.pair)
  if (pair < 0) pair = line.pairs.push(t.pair) - 1
  const i = last >= 0 && Math.floor(line.at[last] / step) === Math.floor(t.at / step) ? last : last + 1
  line.at[i] = t.at
  line.price[i] = t.price
  line.ma[i] = t.ma ?? ''
  line.pair[i] = pair
}

function trim(line, from) {
  let n = 0
  while (n < line.at.length && line.at[n] < from) n++
  if (n > 0) for (const column of [line.at, line.price, line.ma, line.pair]) column.splice(0, n)
}

// broken puts a gap where nothing came for long.
function broken(at, ...columns) {
  const out = [[], ...columns.map(() => [])]
  for (let i = 0; i < at.length; i++) {
    if (i > 0 && at[i] - at[i - 1] > width) {
      out[0].push((at[i] + at[i - 1]) / 2)
      for (let c = 1; c < out.length; c++) out[c].push(null)
    }
    out[0].push(at[i])
    columns.forEach((column, c) => out[c + 1].push(column[i]))
  }
  return out
}

function nearest(at, time) {
  let low = 0
  let high = at.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (at[middle] <= time) low = middle
    else high = middle - 1
  }
  return low < at.length - 1 && Math.abs(at[low + 1] - time) < Math.abs(at[low] - time) ? low + 1 : low <= at.length - 1 ? low : -1
}

function extremes(prices) {
  let low = prices[0]
  let high = prices[0]
  for (const p of prices) {
    if (Number(p) < Number(low)) low = p
    if (Number(p) > Number(high)) high = p
  }
  return { low, high }
}

function padded(min, max) {
  if (min == null || max == null) return [0, 1]
  const space = (max - min) * 0.08 || Math.abs(max) * 0.001 || 1
  return [min - space, max + space]
}

function times(marks, step) {
  let before = null
  return marks.map(at => {
    const date = day(at)
    const label = step < 60_000 ? clock(at) : minute(at)
    const first = before !== date && (before !== null || label.startsWith('00:00'))
    before = date
    return first || step >= 86_400_000 ? `${label}\n${shortDay(at)}` : label
  })
}

// measure is the width that an axis needs for its labels.
function measure(u, labels) {
  if (!labels) return 50
  const longest = labels.reduce((a, b) => a.length > b.length ? a : b, '')
  return Math.ceil(longest.length * 7.2 + 16)
}
