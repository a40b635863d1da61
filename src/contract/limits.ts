/** Every limit, in one place. Sizes are bytes, times milliseconds, unless the name says otherwise. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1_000;

/** Function body and arguments together, of one submit. */
export const MAX_SUBMIT_BYTES = 10 * MIB;
/** A request body: a submit as JSON may escape up to twice its size. */
export const MAX_REQUEST_BYTES = 2 * MAX_SUBMIT_BYTES + MIB;
/** A request body that carries neither functions nor arguments. */
export const MAX_SMALL_REQUEST_BYTES = MIB;
/** Requests that a service serves at a time, with their bodies; more are told to come again. */
export const MAX_REQUESTS_BYTES = 128 * MIB;
/** What a request takes besides its body, about. */
export const REQUEST_OVERHEAD_BYTES = 8 * KIB;
/** Room on the disk of a service's store that new tasks leave for the results of those before. */
export const STORE_DISK_RESERVE = 16 * MIB;
export const MAX_FUNCTION_BYTES = 10 * MIB;
/** One task's arguments, packed. */
export const MAX_PAYLOAD_BYTES = 10 * MIB;
/** One task's result, serialized. */
export const MAX_RESULT_BYTES = 10 * MIB;
/**
 * Arguments above this are a blob, unless a client says otherwise, and so is the result of a task with
 * such arguments: to bring 256 KiB there and back takes as long one way as the other.
 */
export const INLINE_BYTES = 256 * KIB;
/** The result of any other task is a blob above this: its client may not know of blobs. */
export const INLINE_RESULT_BYTES = MIB;
/** The largest blob, unless a service allows less. */
export const MAX_BLOB_BYTES = 5 * 1024 * MIB;
/** One request of an upload or a download; whoever moves a blob holds little more of it. */
export const BLOB_CHUNK_BYTES = 8 * MIB;
/** Of chunks that the service reads as a whole before it stores them, all together. */
export const BLOB_BODIES_BYTES = 8 * BLOB_CHUNK_BYTES;
/** Of the others it stores so much at a time. */
export const BLOB_PIECE_BYTES = 128 * KIB;
/** What the blobs of one owner may take, unless a service allows another sum. */
export const BLOB_QUOTA_BYTES = 100 * 1024 * MIB;
/** Room on the disk that blobs leave for everything else. */
export const BLOB_DISK_RESERVE = 256 * MIB;
/** A blob that no task refers to, finished or not, is kept this long after its last bytes. */
export const UNUSED_BLOB_LIFETIME = 60 * 60 * SECOND;
/** Between two looks for blobs that are not needed any more. */
export const BLOB_SWEEP_INTERVAL = 60 * SECOND;
/** Arguments that no task uses any more and that an endpoint keeps for the next ones. */
export const BLOB_CACHE_BYTES = 1024 * MIB;
/** Transfers of blobs at a time in one direction, of one client or agent. */
export const BLOB_TRANSFERS = 4;
/** Arguments that a client holds while they are uploaded; with more it reads no further ones. */
export const UPLOAD_BYTES = 2 * BLOB_CHUNK_BYTES;
/** A task's options as JSON: they travel with each task, so a full batch of them must fit a frame. */
export const MAX_TASK_OPTIONS_BYTES = 16 * KIB;
/** Nesting of a task's options, which lie some levels deep in a frame. */
export const MAX_TASK_OPTIONS_DEPTH = 32;
/** Results in one answer to a poll; tasks that do not fit are left out, to be asked for again. */
export const MAX_ANSWER_BYTES = 32 * MIB;
export const MAX_TASKS_PER_SUBMIT = 10_000;
export const MAX_IDS_PER_REQUEST = 10_000;
/** Nesting of a JSON or msgpack body. */
export const MAX_DEPTH = 64;
export const MAX_NAME_LENGTH = 200;
export const MAX_DESCRIPTION_LENGTH = 10_000;
export const MAX_IDEMPOTENCY_KEY_LENGTH = 200;
export const DEFAULT_PAGE_SIZE = 100;
export const MAX_PAGE_SIZE = 1_000;

/** What is kept of a task's stdout and of its stderr, each: the last bytes. */
export const MAX_TASK_OUTPUT_BYTES = MIB;
export const MAX_TRACEBACK_BYTES = 64 * KIB;
export const MAX_TIMELINE_EVENTS = 100;
/** What a worker tells of itself with a result, as JSON. */
export const MAX_DETAILS_BYTES = 16 * KIB;

/** One WebSocket frame on a link: one result of the largest size and its neighbours. */
export const MAX_FRAME_BYTES = 24 * MIB;
/** A batch is closed when it holds this much, so that a frame stays below the maximum. */
export const BATCH_BYTES = MIB;
export const MAX_BATCH_ITEMS = 1_000;

/** Tasks that a service may have in flight to one endpoint, unacknowledged, unless granted otherwise. */
export const DEFAULT_TASK_CREDITS = 4_000;
/** Results that an endpoint may have in flight to the service, unacknowledged. */
export const DEFAULT_RESULT_CREDITS = 4_000;
/**
 * What both ends make of that: a few short frames at a time keep a peer as busy as long ones, and what
 * comes just now waits for no more than these.
 */
export const TASKS_PER_FRAME = 250;
export const TASKS_IN_FLIGHT = 1_000;
export const RESULTS_PER_FRAME = 250;
export const RESULTS_IN_FLIGHT = 1_000;

/**
 * Results that wait for the service while it is there, with which an endpoint begins nothing more:
 * one that runs ahead takes the processor from a service beside it, and its results only pile up.
 */
export const RESULTS_AHEAD = 10_000;

/** Results of one task group that a broker, or a reader over AMQP, has not confirmed. */
export const RESULT_WINDOW_MESSAGES = 4_000;
export const RESULT_WINDOW_BYTES = 16 * MIB;
/** Of all task groups of one user; beyond it each sends one batch at a time. */
export const RESULT_WINDOW_BYTES_PER_USER = 64 * MIB;

/** One frame of AMQP with its overhead, in either direction; clients have the same by default. */
export const AMQP_FRAME_BYTES = 128 * KIB;
/** One message that is published over AMQP: a result of the largest size, escaped as JSON. */
export const MAX_AMQP_MESSAGE_BYTES = 24 * MIB;
/** Offered by the built-in AMQP server, seconds. */
export const AMQP_HEARTBEAT_SECONDS = 60;
export const MAX_AMQP_CHANNELS = 64;
/** Readers on one connection, over all its channels. */
export const MAX_AMQP_CONSUMERS = 100;
export const MAX_AMQP_CONNECTIONS = 4_000;
/** Connections that have shown no password yet; with one more the oldest is closed. */
export const MAX_AMQP_STRANGERS = 256;
export const MAX_AMQP_CONNECTIONS_PER_USER = 200;
/** Bytes that a peer over AMQP has not read, with which it is sent no more messages. */
export const MAX_AMQP_BACKLOG_BYTES = 4 * MIB;
/** Bytes that a peer has published and the service has not settled, with which no more is read. */
export const MAX_AMQP_PUBLISHING_BYTES = 32 * MIB;

/** Unacknowledged bytes in one direction of a link; one message that is larger goes alone. */
export const MAX_WINDOW_BYTES = 64 * MIB;
/**
 * Bytes that a peer has not read, with which a link counts as broken. It is above what the windows
 * allow, so whoever gets there reads nothing while others go on talking to it.
 */
export const MAX_LINK_BACKLOG_BYTES = 2 * MAX_WINDOW_BYTES;

export const HEARTBEAT_INTERVAL = 15 * SECOND;
/** A peer that was silent for so long is gone. */
export const HEARTBEAT_TIMEOUT = 45 * SECOND;
/** A changed status is sent before its time, but not more often than this. */
export const STATUS_NEWS_INTERVAL = 500;
/** Lines of an endpoint's log in one answer, and what they have together. */
export const MAX_LOG_LINES = 1_000;
export const MAX_LOG_BYTES = 256 * KIB;
/** How long a service waits for them. */
export const LOG_TIMEOUT = 10 * SECOND;
/** Between agent and manager; two of them without a word end the link. */
export const MANAGER_HEARTBEAT_INTERVAL = 5 * SECOND;
/** Attempts that one manager may hold that have not ended, and as many whose end is not confirmed. */
export const MAX_HELD_ATTEMPTS = 10_000;
/** One piece of a file on a link: what waits behind it waits for little. */
export const TRANSFER_BYTES = 256 * KIB;
/** Connections to an agent that have not shown a token yet; more are closed at once. */
export const MAX_UNKNOWN_CONNECTIONS = 256;
/** Of one endpoint, that come by way of the service; more are told to come again. */
export const MAX_RELAYED_MANAGERS = 5_000;
/** Bytes in one direction of a relayed connection that its other end has not taken. */
export const RELAY_WINDOW_BYTES = 256 * KIB;
/** The same of all relayed connections of an endpoint; who exceeds it loses the connection. */
export const MAX_RELAY_BYTES = 256 * MIB;
/** A manager draws back from tasks so long before its block ends, at most a tenth of its walltime. */
export const DRAIN_BEFORE_END = 30 * SECOND;
/** After its owner has stopped it with the official SDK, an endpoint is not registered for so long. */
export const ENDPOINT_LOCK_TIME = 10 * SECOND;
export const HANDSHAKE_TIMEOUT = 10 * SECOND;
export const REDIAL_INITIAL = 100;
export const REDIAL_MAXIMUM = 20 * SECOND;
export const REDIAL_MINIMUM_UPTIME = 10 * SECOND;

export const DEFAULT_MAX_ATTEMPTS = 2;
/** A task's priority among those of its owner: higher first, 0 unless it says otherwise. */
export const MIN_PRIORITY = -100;
export const MAX_PRIORITY = 100;
export const DEFAULT_PRIORITY = 0;
/** How long a private service keeps finished tasks and their results, unless told otherwise. */
export const DEFAULT_RETENTION_DAYS = 30;
/** Between two looks for tasks that were kept long enough. */
export const RETENTION_SWEEP_INTERVAL = 600 * SECOND;
/** Bytes of arguments that weigh as much as one more task where tasks share an endpoint fairly. */
export const FAIR_SHARE_BYTES = 64 * KIB;
export const MAX_ATTEMPTS = 100;
/** How often the planned end of what runs a task costs it no attempt. */
export const MAX_MOVES = 3;
/** What a profile may take to be evaluated, of wall time: login nodes are busy. */
export const PROFILE_TIMEOUT = 10 * SECOND;
/** What a profile may come to: text and keys in UTF-16 units, and 16 for every value. */
export const MAX_PROFILE_SIZE = MIB;
export const MAX_WORKERS_PER_NODE = 1_024;
/** Blocks of one endpoint at a time. */
export const MAX_BLOCKS = 1_000;
export const MAX_NODES_PER_BLOCK = 100_000;
/** Blocks in a row that may fail before no more are submitted. */
export const MAX_FAILED_BLOCKS = 3;
/** Milliseconds between two questions to a scheduler, at the least. */
export const MIN_POLL_INTERVAL = SECOND;
/** What one command of a scheduler may print: the status of all blocks, with their nodes. */
export const MAX_SCHEDULER_OUTPUT_BYTES = 64 * MIB;
/** What is kept of a scheduler's own words, in characters. */
export const MAX_SCHEDULER_WORDS = 2_000;
export const MAX_PREFETCH = 10_000;
export const DEFAULT_STOP_TIMEOUT = 30 * SECOND;
/** One record between a manager and a worker process: a result or arguments of the largest size. */
export const MAX_RECORD_BYTES = 12 * MIB;
/** Tasks in one worker process at a time, however fast they are. */
export const MAX_WORKER_CREDITS = 1_000;
/** How long a worker process may take to say that it is ready; loading modules can be slow. */
export const WORKER_START_TIMEOUT = 120 * SECOND;
/** How long the lines of a profile's `workerInit` may take when they are tried. */
export const WORKER_INIT_TIMEOUT = 120 * SECOND;
/** Starts of a runtime's worker in a row that may fail before its waiting tasks fail with it. */
export const WORKER_START_ATTEMPTS = 3;
/** How long a runtime whose workers do not start fails its tasks at once, before it is tried again. */
export const WORKER_START_COOLDOWN = 15 * SECOND;
/** Warm worker processes that one slot keeps; the least recently used one is ended. */
export const WARM_WORKERS_PER_SLOT = 2;
/** A worker process is replaced after so many functions, since modules cannot be unloaded. */
export const MAX_FUNCTIONS_PER_WORKER = 1_000;
/** And after so many tasks, since their sequence is a 32-bit number. */
export const MAX_TASKS_PER_WORKER = 1_000_000_000;
/** The same in a container, whose image may have to be fetched first. */
export const CONTAINER_START_TIMEOUT = 900 * SECOND;
/** Images of which a manager says that it has workers in them, the last ones used. */
export const MAX_WARM_IMAGES = 100;
/** The name or path of a container image. */
export const MAX_IMAGE_LENGTH = 500;
/** Between the polite and the final signal to a process group. */
export const KILL_GRACE = 2 * SECOND;
/** The longest time over which the requests of a user are counted, seconds. */
export const MAX_RATE_SECONDS = 3_600;
export const REQUEST_TIMEOUT = 30 * SECOND;
/** A chunk of a blob over a slow link. */
export const BLOB_REQUEST_TIMEOUT = 120 * SECOND;
/** How long the service waits for the whole of a request's body. */
export const REQUEST_BODY_TIMEOUT = 120 * SECOND;
/** Between two signs of life on an SSE stream with nothing to say. */
export const STREAM_KEEP_ALIVE = 15 * SECOND;

/** A unix socket's path, with its closing zero byte (sun_path on Linux; macOS has 104). */
export const MAX_SOCKET_PATH_BYTES = 104;

/** Before a one-time code ends unused, seconds. */
export const DEFAULT_CODE_LIFETIME_SECONDS = 10 * 60;
export const MAX_CODE_LIFETIME_SECONDS = 24 * 60 * 60;
/** One-time codes of one user that are neither used nor over. */
export const MAX_OPEN_CODES = 100;
/** A browser's session ends this long after it was opened, seconds. */
export const SESSION_LIFETIME_SECONDS = 7 * 24 * 60 * 60;
/** What one live stream may follow. */
export const MAX_LIVE_ENDPOINTS = 200;
export const MAX_LIVE_TASKS = 200;
export const MAX_LIVE_GROUPS = 20;
/** Live streams of one user; each page that is open has one. */
export const MAX_LIVE_STREAMS = 20;
/** Between two events of a kind on a live stream. */
export const LIVE_INTERVAL = 250;
/** The payload of a finished task is kept for another run up to this size. */
export const KEPT_PAYLOAD_BYTES = 4 * KIB;
