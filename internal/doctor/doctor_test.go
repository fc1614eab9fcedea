package doctor

import (
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/tablefiles"
)

func offsets(o ...int64) map[int32]int64 {
	m := map[int32]int64{}
	for i, offset := range o {
		m[int32(i)] = offset
	}
	return m
}

func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		got  Finding
		want State
	}{
		"a large disk":            {Disk(100 << 30), OK},
		"a small disk":            {Disk(1 << 30), Warning},
		"a full disk":             {Disk(100 << 20), Problem},
		"much memory":             {Memory(8<<30, false), OK},
		"some memory":             {Memory(2<<30, false), Warning},
		"little memory":           {Memory(500<<20, false), Problem},
		"the rest of a run":       {Memory(500<<20, true), OK},
		"the last of a run":       {Memory(100<<20, true), Warning},
		"a clock":                 {Clock(-2*time.Second, 200*time.Millisecond, "h"), OK},
		"a slow answer":           {Clock(6*time.Second, 4*time.Second, "h"), OK},
		"a clock ahead":           {Clock(5*time.Second, time.Second, "h"), Warning},
		"a clock far behind":      {Clock(-time.Hour, time.Second, "h"), Problem},
		"a live topic":            {Retention(offsets(0), offsets(100), offsets(98)), OK},
		"a backlog, all kept":     {Retention(offsets(0), offsets(100), offsets(0)), OK},
		"a backlog at the edge":   {Retention(offsets(1000), offsets(2000), offsets(1100)), Warning},
		"records lost":            {Retention(offsets(1000, 0), offsets(2000, 9), offsets(900, 9)), Problem},
		"an added partition lost": {Retention(offsets(0, 5), offsets(7, 9), offsets(7)), Problem},
		"no records":              {Retention(offsets(0), offsets(0), offsets(0)), OK},
		"no table":                {Table("t", tablefiles.Table{Version: -1}), OK},
		"a table":                 {Table("t", tablefiles.Table{Version: 9, Files: 30_000, Bytes: 30_000 << 27}), OK},
		"small files":             {Table("t", tablefiles.Table{Version: 9, Files: 3000, Bytes: 3000 << 10}), Warning},
		"a log of a day":          {Table("t", tablefiles.Table{Version: 90_000, LogFiles: 350_000}), Warning},
		"a log without an end":    {Table("t", tablefiles.Table{Version: 900, Replay: 900}), Warning},
	} {
		if c.got.State != c.want || (c.got.Remedy == "") != (c.want == OK) || c.got.Says == "" || c.got.Check == "" {
			t.Errorf("%s: got %+v, want %s", name, c.got, c.want)
		}
	}
}

func TestWorst(t *testing.T) {
	if got := Worst(nil); got != OK {
		t.Error(got)
	}
	if got := Worst([]Finding{{State: Warning}, {State: OK}}); got != Warning {
		t.Error(got)
	}
	if got := Worst([]Finding{{State: Problem}, {State: Warning}}); got != Problem {
		t.Error(got)
	}
}
