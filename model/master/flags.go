package master

import "time"

// Kudu's flags, with their defaults.
const (
	bgTaskWait              = time.Second      // catalog_manager_bg_task_wait_ms
	failoverCatchupTimeout  = 30 * time.Second // master_failover_catchup_timeout_ms
	tsRPCTimeout            = 30 * time.Second // master_ts_rpc_timeout_ms
	unresponsiveTSTimeout   = time.Hour        // unresponsive_ts_rpc_timeout_ms
	tserverUnresponsive     = 60 * time.Second // tserver_unresponsive_timeout_ms
	replicaCreationHalfLife = 60 * time.Second // tserver_last_replica_creations_halflife_ms
	// metadata_for_deleted_table_and_tablet_reserved_secs, whose default is an hour
	metadataRetention = 10 * time.Second
	confirmTimeout    = 10 * time.Second // the client's default_rpc_timeout
)

// MaxCreateTabletsPerTS is how many replicas a CreateTable may ask for, for each live tablet server
// (max_create_tablets_per_ts). Of one replica each there may be any number of tablets.
const MaxCreateTabletsPerTS = 60
