package dashboard

import (
	"fmt"
	"strings"
	"time"
)

// promise is how old the newest tick may be.
const promise = time.Minute

// condition is what is going on, worst first.
type condition string

const (
	conditionStopped    condition = "stopped"
	conditionStopping   condition = "stopping"
	conditionStarting   condition = "starting"
	conditionAway       condition = "away" // Spark
	conditionCatchingUp condition = "catching_up"
	conditionKafkaDown  condition = "kafka_down"
	conditionSourceDown condition = "source_down"
	conditionEmpty      condition = "empty"
	conditionEnded      condition = "ended"
	conditionReading    condition = "reading" // what came while nobody looked
	conditionStale      condition = "stale"
	conditionReplay     condition = "replay"
	conditionLive       condition = "live"
)

// state is what is going on and what that means, for people.
type state struct {
	Name  condition `json:"name"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	Since int64     `json:"since,omitempty"` // ms since 1970; 0 unknown
}

// describe says what is going on. away is why the tables can't be read, "" where they can.
func describe(s Status, newest time.Time, away string, awaySince, now time.Time) state {
	src := s.Source
	switch {
	case s.State == Stopped:
		return state{Name: conditionStopped, Title: "Stopped", Text: "The lakehouse does not run. “lakectl run --local” goes on where it ended, and so will this page."}
	case s.State == Stopping:
		return state{Name: conditionStopping, Title: "Stopping", Text: "What has arrived is being processed before the lakehouse stops."}
	case s.State == Starting:
		return state{Name: conditionStarting, Title: "Starting", Text: "Kafka, Spark and the queries are starting; the first prices are here in about half a minute."}
	case away != "":
		return state{conditionAway, "Spark is away", "The tables can’t be read: " + away + ". What is shown was read before; it goes on by itself when Spark is back.", awaySince.UnixMilli()}
	case restarting(s.Queries):
		return state{Name: conditionAway, Title: "Queries are starting again", Text: "They go on from their checkpoints; nothing is lost. " + lastError(s.Queries)}
	case catchingUp(s.Queries):
		return state{Name: conditionCatchingUp, Title: "Catching up", Text: "A backlog is being worked off; prices are of the past until then."}
	case src.Name != external && !src.KafkaUp && src.Waiting > 0:
		return state{Name: conditionKafkaDown, Title: "Kafka is down", Text: fmt.Sprintf("It takes no messages; %d quotes wait on disk and are sent when it is back.", src.Waiting)}
	case src.down(now):
		return state{conditionSourceDown, "Source down", "There are no new quotes from " + src.Name + ". " + sentence(src.Error), src.TakenAt.UnixMilli()}
	case newest.IsZero():
		return state{Name: conditionEmpty, Title: "No data yet", Text: "The queries run and wait for the first quote. " + sentence(src.Error)}
	case src.Ended:
		return state{Name: conditionEnded, Title: "The source has ended", Text: "All that it gave is shown; no new prices will come.", Since: newest.UnixMilli()}
	case src.Name == "replay":
		return state{Name: conditionReplay, Title: "Replay", Text: "Recorded prices of the past are played back."}
	case now.Sub(newest) > promise:
		return state{conditionStale, "Stale", "The newest tick is older than a minute. " + slowest(s.Queries), newest.UnixMilli()}
	}
	return state{Name: conditionLive, Title: "Live"}
}

// external is the name of the source where others publish.
const external = "none"

// down reports that quotes are due and don't come.
func (s Source) down(now time.Time) bool {
	const polls = 3
	return s.Pace > 0 && !s.Ended && !s.TakenAt.IsZero() && now.Sub(s.TakenAt) > polls*s.Pace
}

func catchingUp(queries []Query) bool {
	for _, q := range queries {
		if q.CatchingUp {
			return true
		}
	}
	return false
}

// restarting reports that no query runs.
func restarting(queries []Query) bool {
	for _, q := range queries {
		if q.Healthy {
			return false
		}
	}
	return len(queries) > 0
}

func lastError(queries []Query) string {
	for _, q := range queries {
		if q.LastError != "" {
			return sentence(q.LastError)
		}
	}
	return ""
}

// slowest names the query to look at.
func slowest(queries []Query) string {
	for _, q := range queries {
		if !q.Healthy {
			return sentence(q.Name + " does not run: " + q.LastError)
		}
	}
	return "All queries run: either nothing arrives, or they are behind; the table below tells."
}

// sentence is the first line of an error as one.
func sentence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if text = strings.TrimRight(strings.TrimSpace(text), "."); text == "" {
		return ""
	}
	return text + "."
}
