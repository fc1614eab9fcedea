// Times are milliseconds since 1970 and shown in UTC, as the tables have them.

let ahead = 0 // of the server's clock

export const setNow = server => { ahead = server - Date.now() }
export const now = () => Date.now() + ahead

export const clock = at => new Date(at).toISOString().slice(11, 19)
export const minute = at => new Date(at).toISOString().slice(11, 16)
export const day = at => new Date(at).toISOString().slice(0, 10)
export const precise = at => new Date(at).toISOString().slice(11, 23)

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
export const shortDay = at => `${new Date(at).getUTCDate()} ${months[new Date(at).getUTCMonth()]}`

// span is a length of time in words.
export function span(ms) {
  const s = Math.max(0, ms) / 1000
  if (s < 10) return `${s.toFixed(1)} s`
  if (s < 100) return `${Math.round(s)} s`
  if (s < 5400) return `${Math.round(s / 60)} min`
  if (s < 172800) return `${Math.round(s / 3600)} h`
  return `${Math.round(s / 86400)} days`
}
