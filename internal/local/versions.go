package local

import (
	"encoding/xml"

	"github.com/cryptostream/lakectl/infra"
)

// Versions returns the versions of Spark, Delta and Kafka that the runtime's pom pins.
func Versions() (spark, delta, kafka string) {
	text, err := infra.Files.ReadFile("runtime/pom.xml")
	if err != nil {
		panic(err) // embedded
	}
	var pom struct {
		Properties struct {
			Spark string `xml:"spark.version"`
			Delta string `xml:"delta.version"`
			Kafka string `xml:"kafka.version"`
		} `xml:"properties"`
	}
	if err := xml.Unmarshal(text, &pom); err != nil {
		panic(err) // covered by a test
	}
	return pom.Properties.Spark, pom.Properties.Delta, pom.Properties.Kafka
}
