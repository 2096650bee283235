using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Hosting.Connections;

/// <summary>Limits of connections. Section "Connections".</summary>
public sealed class ConnectionOptions
{
    public const string Section = "Connections";

    /// <value>
    /// Maximum number of connections. Above it, the longest idle connection is closed to make room; if every
    /// connection has a call, the new one is closed.
    /// </value>
    [Range(1, 1_000_000)]
    [Limit("connections", "Maximum number of connections; above it the longest idle one is closed.")]
    public int MaxConnections { get; set; } = 10_000;

    /// <value>Maximum number of concurrent calls on one connection. Clients queue or open another connection.</value>
    [Range(1, 10_000)]
    [Limit("calls", "Concurrent calls on one connection (HTTP/2 streams); clients queue or open another connection.")]
    public int MaxStreams { get; set; } = 100;

    /// <value>How long a connection may stay open without a call, including the time to become HTTP/2.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit("", "Idle time after which a connection is closed.")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <value>Silence after which the server sends an HTTP/2 keepalive PING.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit("", "Silence after which the server sends a keepalive PING.")]
    public TimeSpan PingDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>How long the client may take to answer the PING; then the connection and its calls end.</value>
    [TimeRange("00:00:01", "01:00:00")]
    [Limit("", "Time to answer the PING; then the connection and its calls end.")]
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <value>
    /// Age at which a connection receives GOAWAY, plus or minus a tenth, so that clients spread over new instances. 0,
    /// the default, disables it: a call that is sent at that moment may fail.
    /// </value>
    [TimeRange("00:00:00", "30.00:00:00")]
    [Limit("", "Age at which clients must open a new connection, plus or minus a tenth; 0 for none.")]
    public TimeSpan MaxAge { get; set; }

    /// <value>How long the calls of an aged connection may continue; longer than the longest call.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit("", "Time for the calls of an aged connection; then they are cancelled.")]
    public TimeSpan AgeGrace { get; set; } = TimeSpan.FromMinutes(30);

    /// <value>Maximum size of the headers of a call, in bytes.</value>
    [Range(1_024, 1_048_576)]
    [Limit("bytes", "Total size of the headers (metadata) of a call; above it the connection is closed.")]
    public int MaxHeaderBytes { get; set; } = 32 * 1024;

    /// <value>Maximum number of headers of a call.</value>
    [Range(16, 1_000)]
    [Limit("headers", "Number of headers (metadata) of a call; above it the call or its connection is ended.")]
    public int MaxHeaders { get; set; } = 100;

    /// <value>How long the headers of a call may take to arrive.</value>
    [TimeRange("00:00:01", "00:10:00")]
    [Limit("", "Time for the headers of a call to arrive; then the connection is closed.")]
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Minimum data rate of requests and responses in bytes per second, after <see cref="DataGrace"/>.</value>
    [Range(1, 1_048_576)]
    [Limit("bytes/s", "Minimum data rate of requests and responses; slower calls are refused or aborted.")]
    public int MinDataRate { get; set; } = 16 * 1024;

    /// <value>Time that each message has in addition to what <see cref="MinDataRate"/> gives it.</value>
    [TimeRange("00:00:02", "00:10:00")]
    [Limit("", "Time of a request or response in addition to what the minimum data rate gives it.")]
    public TimeSpan DataGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>
    /// HTTP/2 connection window in bytes: how much a client may send before the server reads it, over all calls of the
    /// connection. It bounds the memory that a flood costs per connection.
    /// </value>
    [Range(65_535, 64 * 1024 * 1024)]
    [Limit("bytes", "HTTP/2 window of a connection; at the limit the caller must wait for the server to read.")]
    public int WindowBytes { get; set; } = 1024 * 1024;

    /// <value>HTTP/2 stream window in bytes: the same for one call.</value>
    [Range(65_535, 64 * 1024 * 1024)]
    [Limit("bytes", "HTTP/2 window of a call; at the limit the caller must wait for the server to read.")]
    public int StreamWindowBytes { get; set; } = 768 * 1024;
}
