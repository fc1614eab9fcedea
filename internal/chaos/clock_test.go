package chaos_test

import (
	"time"

	"github.com/cryptostream/lakectl/producer"
)

// clockSteps are 4n events of a producer whose clock jumps: an hour ahead, back, years back, and to and fro. That of
// the machine is left alone: a program without libc can't be told another time, and the tests of the exchanges' polls
// have a clock of their own (testing/synctest).
func (l *lake) clockSteps(n int) (messages []producer.Message) {
	years := []int{0, 1, 1582, 1900, 1969, 1970, 2001, 2019, 2025}
	for i := range n {
		now := time.Now()
		back := time.Date(years[i%len(years)], 10, 10, 1+i%22, i%60, i%60, 0, time.UTC)
		for _, at := range []time.Time{now.Add(time.Hour), now, back, now.Add(8 * time.Second)} {
			messages = append(messages, l.made(at))
		}
	}
	return messages
}
