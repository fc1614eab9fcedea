// connect listens to the server's events for as long as the page is seen: a browser has six connections to a
// server, for all its tabs, and nobody looks at a hidden one. A connection that is silent for longer than the
// server's heartbeat allows is made anew.
const silence = 40_000
const pause = 2_000
const unseen = 5_000

export function connect(handlers) {
  let source, quiet, again, leaving
  let messages = 0

  function heard() {
    clearTimeout(quiet)
    quiet = setTimeout(() => lost('lakectl has not been heard of'), silence)
  }

  async function lost(why) {
    const before = messages
    leave()
    again = setTimeout(open, pause)
    why = await refused() ?? why
    if (messages === before) handlers.lost(why)
  }

  function open() {
    clearTimeout(again)
    source = new EventSource('/api/events')
    const mine = source
    for (const name of ['snapshot', 'ticks', 'history', 'health', 'state', 'dead', 'beat']) {
      source.addEventListener(name, event => {
        if (mine !== source) return
        heard()
        messages++
        handlers[name]?.(JSON.parse(event.data))
      })
    }
    source.onerror = () => { if (mine === source) lost('lakectl does not answer') }
    heard()
  }

  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving)
    if (document.hidden) leaving = setTimeout(leave, unseen)
    else if (!source) open()
  })

  function leave() {
    source?.close()
    source = null
    clearTimeout(quiet)
    clearTimeout(again)
  }

  open()
}

// refused asks why: an EventSource does not tell.
async function refused() {
  try {
    const answer = await fetch('/api/lines?range=15m&bases=', { cache: 'no-store' })
    if (answer.status === 401) return 'the token is no longer valid: open the address that lakectl has printed'
    if (!answer.ok) return (await answer.json()).error
  } catch { /* nobody is there */ }
  return null
}

// lines asks for lines of the chart; the promise fails when it is aborted or refused.
export async function lines(query, signal) {
  const answer = await fetch('/api/lines?' + new URLSearchParams(query), { cache: 'no-store', signal })
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.error)
  return body
}
