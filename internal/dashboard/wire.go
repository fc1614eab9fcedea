package dashboard

import (
	"time"
)

// Times on the wire are milliseconds since 1970, UTC; prices and other decimals are exact text. What is
// not known is left out.

// snapshot is all that the page shows but the lines of the chart.
type snapshot struct {
	Now    int64  `json:"now"`
	State  state  `json:"state"`
	Health Status `json:"health"`
	Dead   dead   `json:"dead"`
	Away   string `json:"away,omitempty"` // why the tables could not be read
	ticksUpdate
	Sparks map[string][]string `json:"sparks"` // by base: the last hour, one price per sparkStep at most
}

// sparkStep is the distance of the prices of a small chart.
const sparkStep = time.Minute

// ticksUpdate is what changes with rows of Silver.
type ticksUpdate struct {
	Newest  int64             `json:"newest,omitempty"` // newest event
	Since   int64             `json:"since,omitempty"`  // lines go back to here
	Pairs   []pairView        `json:"pairs"`            // that have changed
	Current map[string]string `json:"current"`          // base → the pair that its line and tile show
	Ticks   []tickView        `json:"ticks,omitempty"`
}

// pairView is the newest tick of a pair.
type pairView struct {
	Pair    string `json:"pair"`
	Base    string `json:"base"`
	Quote   string `json:"quote"`
	Source  string `json:"source,omitempty"`
	Price   string `json:"price"`
	Volume  string `json:"volume,omitempty"`
	At      int64  `json:"at"`
	Delay   int64  `json:"delay"` // from the event to the start of the batch that wrote it to Silver, ms
	MA      string `json:"ma,omitempty"`
	Change  string `json:"change,omitempty"`   // percent over an hour
	HourAgo string `json:"hour_ago,omitempty"` // the price then
}

// tickView is a new point of a line.
type tickView struct {
	Pair  string `json:"pair"`
	At    int64  `json:"at"`
	Price string `json:"price"`
	MA    string `json:"ma,omitempty"`
}

// lineView is the line of one base, column by column.
type lineView struct {
	Base  string   `json:"base"`
	Pairs []string `json:"pairs"`
	Pair  []int    `json:"pair"` // index of each point's pair
	At    []int64  `json:"at"`
	Price []string `json:"price"`
	MA    []string `json:"ma"` // "" unknown
}

// linesView is the answer to a request for lines.
type linesView struct {
	From  int64      `json:"from"`
	To    int64      `json:"to"`
	Step  int64      `json:"step"` // ms
	Since int64      `json:"since,omitempty"`
	Lines []lineView `json:"lines"`
}

func millis(micros int64) int64 { return micros / 1000 }

func (s *store) view(series *series) pairView {
	l := series.latest
	v := pairView{
		Pair: series.pair, Base: series.base, Quote: series.quote, Source: l.source, Price: l.price, Volume: l.volume,
		At: millis(l.at), Delay: millis(l.processed - l.at), MA: l.ma,
	}
	v.Change, v.HourAgo = s.hourly(series)
	return v
}

// update says what has changed in the pairs, all of them where changed is nil.
func (s *store) update(changed map[string][]tick) ticksUpdate {
	u := ticksUpdate{Newest: millis(s.newest), Pairs: []pairView{}, Current: s.current}
	if s.newest > 0 {
		u.Since = millis(max(s.back, s.newest-history.Microseconds()))
	}
	for _, series := range s.sorted() {
		ticks, ok := changed[series.pair]
		if changed != nil && !ok {
			continue
		}
		u.Pairs = append(u.Pairs, s.view(series))
		for _, t := range thin(nil, ticks, time.Second) {
			u.Ticks = append(u.Ticks, tickView{series.pair, millis(t.at), t.price, t.ma})
		}
	}
	return u
}

func (s *store) sparks() map[string][]string {
	all := map[string][]string{}
	for base := range s.current {
		prices := []string{}
		_, points := s.line(base, s.hourAgo(), s.newest, sparkStep)
		for _, p := range points {
			prices = append(prices, p.price)
		}
		all[base] = prices
	}
	return all
}

func (s *store) lineView(base string, from, to int64, step time.Duration) lineView {
	pairs, points := s.line(base, from, to, step)
	v := lineView{
		Base: base, Pairs: pairs, Pair: make([]int, len(points)), At: make([]int64, len(points)),
		Price: make([]string, len(points)), MA: make([]string, len(points)),
	}
	for i, p := range points {
		v.Pair[i], v.At[i], v.Price[i], v.MA[i] = p.pair, millis(p.at), p.price, p.ma
	}
	return v
}
