import { attribute, byId, el, text, visible } from './dom.js'
import { average, compact, percent, price } from './decimal.js'
import { clock, day, now, precise, span } from './time.js'
import { byFame } from './tiles.js'

// Rows keeps one table row per key and changes only the cells that differ.
class Rows {
  constructor(id) {
    this.body = byId(id).tBodies[0]
    this.rows = new Map()
  }

  set(keys, cells) {
    for (const [key, row] of this.rows) {
      if (!keys.includes(key)) { row.remove(); this.rows.delete(key) }
    }
    keys.forEach((key, i) => {
      const values = cells(key)
      let row = this.rows.get(key)
      if (!row) {
        row = el('tr', {}, ...values.map((v, n) => el(n ? 'td' : 'th', { scope: n ? null : 'row' })))
        this.rows.set(key, row)
      }
      if (this.body.children[i] !== row) this.body.insertBefore(row, this.body.children[i] ?? null)
      values.forEach((v, n) => {
        const cell = row.children[n]
        text(cell, v.text)
        attribute(cell, 'class', v.class ?? null)
        attribute(cell, 'data-value', v.exact ?? null)
        attribute(cell, 'title', v.title ?? null)
      })
    })
  }
}

const number = (value, exact) => ({ text: value, class: 'n', exact })

// Ticks is the table of the newest tick of each pair.
export class Ticks {
  constructor() { this.rows = new Rows('ticks') }

  update(pairs) {
    const order = [...pairs.values()].sort((a, b) => byFame(a.base, b.base) || (a.pair < b.pair ? -1 : 1)).map(p => p.pair)
    this.rows.set(order, pair => {
      const p = pairs.get(pair)
      const old = now() - p.at > 86_400_000
      return [
        { text: visible(p.pair) }, number(price(p.price), p.price), { ...number(average(p.ma, p.price), p.ma ?? ''), title: p.ma ?? null },
        { ...number(percent(p.change), p.change ?? ''), class: 'n ' + (!p.change ? '' : p.change.startsWith('-') ? 'down' : 'up') },
        { text: visible(p.source || '–') }, { ...number(compact(p.volume), p.volume ?? ''), title: p.volume ?? null },
        { text: (old ? day(p.at) + ' ' : '') + precise(p.at), class: 'n', exact: String(p.at) }, { text: old ? '–' : span(p.delay), class: 'n' },
      ]
    })
  }
}

const states = { running: '●', waiting: '○', starting: '◐', restarting: '▲', stopped: '■' }

// Health is the strip of figures and the table of queries.
export class Health {
  constructor() {
    this.rows = new Rows('queries')
    this.host = byId('vitals')
    this.figures = new Map()
  }

  update(health, newest, dead) {
    const queries = health.queries ?? []
    this.rows.set(queries.map(q => q.name), name => {
      const q = queries.find(q => q.name === name)
      const state = q.catching_up && q.state === 'running' ? 'catching up' : q.state
      return [
        { text: visible(q.name) }, { text: `${states[q.state] ?? ''} ${visible(state)}`, class: q.healthy ? 'ok' : 'bad' },
        { text: q.rows_per_second.toFixed(1), class: 'n' }, { text: `${q.batch_seconds.toFixed(2)} s`, class: 'n' },
        { text: q.lag < 0 ? '–' : amount(q.lag, q.lag_unit), class: 'n' }, { text: q.latency_seconds ? `${q.latency_seconds.toFixed(1)} s` : '–', class: 'n' },
        { text: String(q.restarts), class: q.restarts ? 'n warn' : 'n' },
        { text: q.last_error ? visible(q.last_error.split('\n')[0]) : '–', class: 'error', title: q.last_error ? visible(q.last_error.slice(0, 2000)) : null },
      ]
    })
    this.newest = newest
    this.replay = health.source.name === 'replay'
    const sum = key => queries.reduce((n, q) => n + q[key], 0)
    const latency = queries.find(q => q.name === 'silver_prices')?.latency_seconds
    this.fresh()
    this.figure('Event to Silver', latency ? `${latency.toFixed(1)} s` : '–', '', latency > 60)
    this.figure('Source', visible(health.source.name === 'none' ? 'others publish' : health.source.name || '–'), health.source.stand_in ? 'made up' : '', Boolean(health.source.error))
    this.figure('Kafka', health.source.name === 'none' ? '–' : health.source.kafka_up ? 'up' : 'down', health.source.waiting ? `${health.source.waiting} wait` : '', health.source.name !== 'none' && !health.source.kafka_up)
    this.figure('Dead letters', String(dead.total), 'in two days', dead.total > 0)
    this.figure('Duplicates dropped', String(sum('duplicates')), '', false)
    this.figure('Late rows', String(sum('late')), '', sum('late') > 0)
  }

  // fresh is the age of the newest tick against the promise of one minute.
  fresh() {
    const age = this.newest ? now() - this.newest : null
    const past = this.replay || age > 7 * 86_400_000
    this.figure('Freshness', age === null ? '–' : past ? day(this.newest) : span(age), past ? 'replay' : 'of 1 min', age !== null && !past && age > 60_000)
  }

  figure(name, value, note, bad) {
    let f = this.figures.get(name)
    if (!f) {
      f = { value: el('dd', {}), note: el('dd', { class: 'quiet' }) }
      f.box = el('div', {}, el('dt', {}, name), f.value, f.note)
      this.figures.set(name, f)
      this.host.append(f.box)
    }
    text(f.value, value)
    text(f.note, note)
    attribute(f.box, 'class', bad ? 'warn' : null)
  }
}

function amount(n, unit) {
  if (unit === 'bytes' && n >= 1024) return n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MiB` : `${(n / 1024).toFixed(0)} KiB`
  return `${n.toLocaleString('en')} ${unit}`
}

// drawDead shows the dead letters, their bytes too.
export function drawDead(dead) {
  const reasons = Object.entries(dead.reasons ?? {}).sort((a, b) => b[1] - a[1])
  byId('reasons').replaceChildren(...reasons.length
    ? reasons.map(([reason, n]) => el('li', {}, el('strong', {}, n.toLocaleString('en')), ' ', visible(reason)))
    : [el('li', { class: 'quiet none' }, 'None: every record has passed the checks.')])
  const open = new Set([...byId('letters').querySelectorAll('details[open]')].map(d => d.dataset.key))
  byId('letters').replaceChildren(...(dead.newest ?? []).map(letter => {
    const key = `${letter.partition}/${letter.offset}`
    const bytes = unbase64(letter.value)
    return el('details', { 'data-key': key, open: open.has(key) },
      el('summary', {}, el('span', { class: 'offset' }, `offset ${letter.offset}`), el('span', {}, (letter.reasons ?? []).map(visible).join(', ')),
        el('span', { class: 'quiet' }, `${letter.quarantined_at.slice(0, 10)} ${clock(Date.parse(letter.quarantined_at))}`)),
      el('p', { class: 'quiet' }, letter.value === null ? 'No value: a tombstone.' : `${letter.length} bytes${letter.length > bytes.length ? `, the first ${bytes.length}` : ''}, key ${visible(utf8(unbase64(letter.key))) || 'none'}`),
      el('pre', { dir: 'ltr' }, visible(utf8(bytes))), el('pre', { class: 'hex', dir: 'ltr' }, hex(bytes)))
  }))
}

const unbase64 = text => text ? Uint8Array.from(atob(text), c => c.charCodeAt(0)) : new Uint8Array()
const utf8 = bytes => new TextDecoder().decode(bytes)

function hex(bytes) {
  const rows = []
  for (let i = 0; i < bytes.length; i += 16) {
    const part = [...bytes.slice(i, i + 16)]
    const shown = part.map(b => b >= 32 && b < 127 ? String.fromCharCode(b) : '·').join('')
    rows.push(`${i.toString(16).padStart(4, '0')}  ${part.map(b => b.toString(16).padStart(2, '0')).join(' ').padEnd(47)}  ${shown}`)
  }
  return rows.join('\n')
}
