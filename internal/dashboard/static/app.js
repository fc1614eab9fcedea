import { attribute, byId, text, visible } from './dom.js'
import { connect, lines } from './feed.js'
import { Chart } from './chart.js'
import { Tiles, byFame } from './tiles.js'
import { Health, Ticks, drawDead } from './tables.js'
import { now, setNow, span } from './time.js'
import { names } from './names.js'

const ranges = { '15m': 15 * 60_000, '1h': 3_600_000, '6h': 6 * 3_600_000, '24h': 24 * 3_600_000 }

const pairs = new Map() // pair → its newest tick
let current = {} // base → the pair that its line and tile show
let selected = new Set()
let health = { source: { name: '', kafka_up: true }, queries: [], state: 'starting' }
let dead = { total: 0, reasons: {} }
let state = { name: 'connecting', title: 'Connecting', text: '' }
let lost = null
let newest = 0
let since = 0
let range = '1h'
let known = false // whether a snapshot was seen

const chart = new Chart(zoom => { byId('unzoom').hidden = !zoom; load() })
const tiles = new Tiles(choose)
const ticks = new Ticks()
const strip = new Health()

// ---- what arrives

connect({
  snapshot(s) {
    lost = null
    setNow(s.now)
    pairs.clear()
    health = s.health
    dead = s.dead
    state = s.state
    tiles.sparks(s.sparks)
    take(s)
    known = true
    drawDead(dead)
    drawAll()
    load()
  },
  ticks(u) {
    const before = current
    take(u)
    drawTicks()
    recent.push({ at: Date.now(), ticks: u.ticks ?? [] })
    while (recent[0].at < Date.now() - 20_000) recent.shift()
    if ([...selected].some(base => before[base] !== current[base])) load()
    else if (!document.hidden) chart.append(u.ticks ?? [], current, newest)
  },
  history(u) {
    const reached = since
    take(u)
    drawTicks()
    if (!chart.zoom && newest - ranges[range] < reached) load()
  },
  health(h) { health = h; drawHealth() },
  dead(d) { dead = d; drawDead(d); drawHealth() },
  state(s) { state = s; drawState() },
  lost(why) { lost = { why, at: lost?.at ?? now() }; drawState() },
})

const recent = [] // updates of the last seconds: a line that is being fetched may lack them

function take(u) {
  for (const p of u.pairs) pairs.set(p.pair, p)
  current = u.current
  newest = u.newest ?? 0
  since = u.since ?? 0
  if (!selected.size && Object.keys(current).length) readAddress()
}

// ---- the chart's lines

let fetching = null

async function load() {
  fetching?.abort()
  if (!selected.size) return
  fetching = new AbortController()
  const bases = [...selected].sort(byFame)
  const query = chart.zoom ? { bases, from: chart.zoom.from, to: chart.zoom.to } : { bases, range }
  try {
    const view = await lines(query, fetching.signal)
    chart.span = ranges[range]
    chart.show(view, byId('indexed').checked)
    for (const u of recent) chart.append(u.ticks, current, newest)
    note()
  } catch (error) {
    if (error.name !== 'AbortError') text(byId('chart-note'), `The lines could not be read: ${visible(error.message)}`)
  }
}

// note says what the lines show that can't be seen.
function note() {
  const parts = []
  const from = newest - ranges[range]
  if (!chart.zoom && newest && since - from > 90_000 && range !== '15m') parts.push(`history goes back ${span(newest - since)} so far`)
  for (const line of chart.view.lines) {
    if (line.pairs.length > 1) parts.push(`${line.base} is ${line.pairs.join(', then ')}`)
  }
  if (asked) parts.unshift(asked)
  text(byId('chart-note'), visible(parts.join(' · ')))
}

// ---- what is chosen

let asked = '' // about what the address asked for and is not there

function choose(base) {
  asked = ''
  if (!byId('compare').checked) selected = new Set([base])
  else if (selected.has(base) && selected.size > 1) selected.delete(base)
  else selected.add(base)
  chosen()
}

function chosen() {
  chart.zoom = null
  byId('unzoom').hidden = true
  drawChosen()
  writeAddress()
  load()
}

byId('compare').addEventListener('change', event => {
  if (!event.target.checked && selected.size > 1) selected = new Set([[...selected].sort(byFame)[0]])
  chosen()
})
byId('indexed').addEventListener('change', () => load())
byId('unzoom').addEventListener('click', () => { chart.reset(); byId('plot').focus() })
for (const input of document.getElementsByName('range')) {
  input.addEventListener('change', () => { range = input.value; chosen() })
}

// readAddress takes what the address asks for: ?assets=BTC,ETH&range=6h. A pair means its asset.
function readAddress() {
  const query = new URLSearchParams(location.search)
  const wanted = (query.get('assets') ?? query.get('pair') ?? '').split(',').filter(Boolean).slice(0, 50)
  const found = wanted.map(w => current[w] ? w : pairs.get(w)?.base).filter(Boolean)
  const missing = wanted.filter(w => !current[w] && !pairs.has(w))
  if (missing.length) asked = `There is no ${missing.map(m => m.slice(0, 40)).join(', ')} here`
  if (query.has('range') && !ranges[query.get('range')]) asked = `There is no range ${query.get('range').slice(0, 40)}: it is 15m, 1h, 6h or 24h`
  else if (query.has('range')) range = query.get('range')
  for (const input of document.getElementsByName('range')) input.checked = input.value === range
  selected = new Set(found.length ? found : [Object.keys(current).sort(byFame)[0]])
  byId('compare').checked = selected.size > 1
  drawChosen()
}

function drawChosen() {
  byId('indexed-label').hidden = selected.size < 2
  const [base] = selected
  text(byId('chart-title'), selected.size > 1 ? `${selected.size} assets compared` : `${visible(names[base] ?? base)}: price and 5-minute average`)
  tiles.select(selected)
}

function writeAddress() {
  const query = new URLSearchParams({ assets: [...selected].sort(byFame).join(','), range })
  history.replaceState(null, '', '?' + query.toString().replaceAll('%2C', ','))
}

// ---- drawing

function drawAll() { drawTicks(); drawHealth(); drawState() }

function drawTicks() {
  if (document.hidden) return
  tiles.update(pairs, current, selected)
  ticks.update(pairs)
  strip.newest = newest
  strip.fresh()
}

function drawHealth() {
  strip.update(health, newest, dead)
  byId('stand-in').hidden = !health.source.stand_in
  text(byId('health-note'), health.source.name ? '' : 'Nothing is known of the run yet')
}

function drawState() {
  const shown = lost ? { name: 'lost', title: 'Not connected', text: `${visible(lost.why[0].toUpperCase() + lost.why.slice(1))}. The page tries again by itself.`, since: lost.at } : state
  attribute(byId('pill'), 'data-state', shown.name)
  text(byId('pill-text'), shown.title)
  const quiet = shown.name === 'live' || shown.name === 'connecting'
  byId('banner').hidden = quiet
  attribute(byId('banner'), 'data-state', shown.name)
  text(byId('banner-title'), visible(shown.title))
  text(byId('banner-text'), visible(shown.text))
  text(byId('banner-since'), shown.since ? `(${span(now() - shown.since)})` : '')
}

setInterval(() => {
  if (document.hidden) return
  tiles.ages()
  strip.fresh()
  drawState()
}, 1000)

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && known) { drawAll(); load() }
})
