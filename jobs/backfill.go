package jobs

import "slices"

// backfillTopic is what a topic's name has behind it where it carries quotes of the past.
const backfillTopic = "-backfill"

// Backfill returns the query that brings quotes of the past into the table of a job that reads Kafka: the same, but
// from a topic of its own and so with a name, and a checkpoint, of its own. The table's column topic tells the two
// apart. It is run now and then, and is none of the lakehouse's Jobs.
func (j Job) Backfill() Job {
	topic := *j.Source.Kafka
	topic.Topic += backfillTopic
	j.Name += "_backfill"
	j.Description = "Copies quotes of the past as lakectl backfill has published them, beside the records of the live topic."
	j.Source.Kafka = &topic
	return j
}

// Backfills returns the Backfill of each job that reads Kafka.
func (l *Lakehouse) Backfills() []Job {
	var found []Job
	for _, j := range l.Jobs {
		if j.Source.Kafka != nil {
			found = append(found, j.Backfill())
		}
	}
	return found
}

// Readers returns the jobs that read a table, in their order.
func (l *Lakehouse) Readers(table string) []Job {
	return slices.DeleteFunc(slices.Clone(l.Jobs), func(j Job) bool { return j.Source.Table != table })
}
