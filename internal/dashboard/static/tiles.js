import { attribute, byId, el, text, visible } from './dom.js'
import { direction, percent, price } from './decimal.js'
import { day, minute, now, span } from './time.js'
import { names } from './names.js'

const points = 60 // of a small chart
const arrows = { 1: '▲', 0: '■', '-1': '▼' }
const words = { 1: 'up', 0: 'unchanged', '-1': 'down' }

// Tiles shows one tile for each base: the pair that ticks.
export class Tiles {
  constructor(chosen) {
    this.chosen = chosen // called with a base
    this.host = byId('tiles')
    this.tiles = new Map()
  }

  // sparks replaces the small charts.
  sparks(all) {
    this.prices = new Map(Object.entries(all).map(([base, prices]) => [base, { prices, minute: null }]))
  }

  update(pairs, current, selected) {
    for (const base of Object.keys(current).sort(byFame)) {
      const pair = pairs.get(current[base])
      if (pair) this.draw(this.tiles.get(base) ?? this.make(base), pair, selected.has(base))
    }
  }

  // select shows what is on the chart.
  select(selected) {
    for (const [base, tile] of this.tiles) attribute(tile.button, 'aria-pressed', String(selected.has(base)))
  }

  make(base) {
    const tile = {
      name: el('span', { class: 'name' }, visible(names[base] ?? base)), pair: el('bdi', { class: 'pair' }),
      price: el('span', { class: 'price' }), quote: el('span', { class: 'quote' }),
      change: el('span', { class: 'change' }), age: el('span', { class: 'age' }),
      path: document.createElementNS('http://www.w3.org/2000/svg', 'path'),
    }
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    svg.setAttribute('viewBox', `0 0 ${points} 24`)
    svg.setAttribute('preserveAspectRatio', 'none')
    svg.setAttribute('aria-hidden', 'true')
    svg.append(tile.path)
    tile.button = el('button', { type: 'button', class: 'tile', 'data-base': base },
      el('span', { class: 'tile-head' }, tile.name, tile.pair),
      el('span', { class: 'tile-price' }, tile.price, ' ', tile.quote),
      el('span', { class: 'tile-foot' }, tile.change, tile.age), svg)
    tile.button.addEventListener('click', () => this.chosen(base))
    this.tiles.set(base, tile)
    const order = [...this.tiles.keys()].sort(byFame)
    const next = order[order.indexOf(base) + 1]
    this.host.insertBefore(tile.button, next === undefined ? null : this.tiles.get(next).button)
    return tile
  }

  draw(tile, pair, selected) {
    const base = pair.base
    attribute(tile.button, 'aria-pressed', String(selected))
    attribute(tile.button, 'data-pair', pair.pair)
    text(tile.pair, visible(pair.pair))
    text(tile.price, price(pair.price))
    attribute(tile.price, 'data-value', pair.price)
    text(tile.quote, visible(pair.quote))
    const way = direction(pair.change)
    const known = Boolean(pair.change)
    attribute(tile.change, 'data-value', pair.change ?? '')
    attribute(tile.change, 'class', `change ${known ? words[way] : 'unknown'}`)
    if (tile.shownChange !== pair.change) {
      tile.shownChange = pair.change
      tile.change.replaceChildren(...known
        ? [el('span', { 'aria-hidden': true }, arrows[way] + ' '), el('span', { class: 'hidden' }, words[way] + ' '), percent(pair.change).replace(/^[+\u2212]/, ''), el('span', { class: 'quiet' }, ' 1 h')]
        : [el('span', { class: 'quiet' }, 'no price 1 h ago')])
    }
    tile.at = pair.at
    this.grow(base, pair)
    this.line(tile, base, way)
    this.age(tile)
  }

  grow(base, pair) {
    const spark = this.prices?.get(base) ?? { prices: [], minute: null }
    this.prices?.set(base, spark)
    const at = Math.floor(pair.at / 60_000)
    if (spark.minute === at || spark.minute === null) spark.prices.splice(-1, 1, pair.price)
    else if (spark.prices.push(pair.price) > points) spark.prices.shift()
    spark.minute = at
  }

  line(tile, base, way) {
    const values = this.prices.get(base).prices.map(Number)
    const low = Math.min(...values)
    const high = Math.max(...values)
    const y = v => (high === low ? 12 : 22 - 20 * (v - low) / (high - low)).toFixed(1)
    const from = points - values.length
    attribute(tile.path, 'd', values.length < 2 ? '' : values.map((v, i) => `${i ? 'L' : 'M'}${from + i + 0.5} ${y(v)}`).join(''))
    attribute(tile.path, 'class', words[way])
  }

  // ages brings the ages up to date.
  ages() {
    for (const tile of this.tiles.values()) this.age(tile)
  }

  age(tile) {
    const old = now() - tile.at
    text(tile.age, old > 86_400_000 ? `${day(tile.at)} ${minute(tile.at)}` : `${span(old)} ago`)
    attribute(tile.age, 'class', old > 60_000 ? 'age old' : 'age')
  }
}

const fame = ['BTC', 'ETH', 'XRP', 'BNB', 'SOL', 'DOGE', 'ADA', 'TRX', 'LINK', 'AVAX']
const rank = base => fame.includes(base) ? fame.indexOf(base) : fame.length

// byFame puts the large assets first, the others by name.
export const byFame = (a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0)
