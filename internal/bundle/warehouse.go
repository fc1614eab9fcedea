package bundle

import (
	"cmp"
	"time"

	"github.com/databricks/databricks-sdk-go/service/sql"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (b builder) warehouse() []deploy.Resource {
	w := b.Warehouse
	if w == nil {
		return nil
	}
	if w.ID != "" {
		return []deploy.Resource{{Key: KeyWarehouse, Kind: deploy.Warehouse, Name: w.ID, Existing: w.ID}}
	}
	request := sql.CreateWarehouseRequest{
		Name:                    b.Prefix + w.Name,
		ClusterSize:             cmp.Or(w.Size, "2X-Small"),
		AutoStopMins:            cmp.Or(int(time.Duration(w.AutoStop)/time.Minute), minAutoStop), // the API's 0 is never, and dear
		MinNumClusters:          1,
		MaxNumClusters:          max(1, w.MaxClusters),
		EnablePhoton:            true,
		EnableServerlessCompute: w.Serverless,
		WarehouseType:           sql.CreateWarehouseRequestWarehouseTypePro, // what serverless needs, and dashboards
		ForceSendFields:         []string{"EnableServerlessCompute"},        // left away, it is what the account likes
	}
	if len(b.Tags) > 0 {
		request.Tags = &sql.EndpointTags{}
		for _, key := range sorted(b.Tags) {
			request.Tags.CustomTags = append(request.Tags.CustomTags, sql.EndpointTagPair{Key: key, Value: b.Tags[key]})
		}
	}
	return []deploy.Resource{{Key: KeyWarehouse, Kind: deploy.Warehouse, Name: request.Name, Fields: fields(request)}}
}
