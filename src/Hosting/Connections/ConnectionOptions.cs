using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Hosting.Connections;

/// <summary>What connections may cost and how long they live, so that no caller takes them from the others.</summary>
public sealed class ConnectionOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Connections";

    /// <value>
    /// Connections at the same time. Past it the one that has been without a call for the longest time makes room,
    /// those that never had one among them; where every one has a call, the new one is closed.
    /// </value>
    [Range(1, 1_000_000)]
    [Limit("connections", "Connections at the same time; past it the one that is idle for the longest time is closed.")]
    public int MaxConnections { get; set; } = 10_000;

    /// <value>Calls at the same time on one connection; clients open another connection or wait.</value>
    [Range(1, 10_000)]
    [Limit("calls", "Calls at the same time on one connection (HTTP/2 streams); clients open another one, or wait.")]
    public int MaxStreams { get; set; } = 100;

    /// <value>How long a connection without a call stays open, and how long one may take to become HTTP/2.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit("", "How long a connection may be without a call; past it it is closed.")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <value>How long nothing has to come in before the other side is asked for a sign of life (HTTP/2 PING).</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit("", "Silence after which the other side is asked for a sign of life (keepalive ping).")]
    public TimeSpan PingDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>How long the other side may take for it; past it the connection and its calls are ended.</value>
    [TimeRange("00:00:01", "01:00:00")]
    [Limit("", "Time for the sign of life; past it the connection and its calls are ended.")]
    public TimeSpan PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <value>
    /// Age at which a connection takes no new calls (GOAWAY), give or take a tenth, so that clients spread over
    /// instances that were added; 0, the default, for none: a call that a client sends at that very moment may fail.
    /// </value>
    [TimeRange("00:00:00", "30.00:00:00")]
    [Limit("", "Age at which a connection takes no new calls, give or take a tenth; 0 for none. Clients open another.")]
    public TimeSpan MaxAge { get; set; }

    /// <value>How long the calls of such a connection may go on; longer than the longest call should take.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit("", "Time for the calls of a connection that is past its age; past it they are ended.")]
    public TimeSpan AgeGrace { get; set; } = TimeSpan.FromMinutes(30);

    /// <value>Bytes of the headers of a call.</value>
    [Range(1_024, 1_048_576)]
    [Limit("bytes", "Headers (metadata) of a call in all; past it the connection is ended.")]
    public int MaxHeaderBytes { get; set; } = 32 * 1024;

    /// <value>Headers of a call.</value>
    [Range(16, 1_000)]
    [Limit("headers", "Headers (metadata) of a call; past it the call or its connection is ended.")]
    public int MaxHeaders { get; set; } = 100;

    /// <value>How long the headers of a call may take to arrive.</value>
    [TimeRange("00:00:01", "00:10:00")]
    [Limit("", "Time for the headers of a call to arrive; past it the connection is ended.")]
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>
    /// Bytes a second that a message, or an answer, has to make on its way, after <see cref="DataGrace"/>.
    /// </value>
    [Range(1, 1_048_576)]
    [Limit("bytes/s", "Least speed of requests and of answers; a slower request is refused, a slower reader cut off.")]
    public int MinDataRate { get; set; } = 16 * 1024;

    /// <value>Time that every message has on top of what <see cref="MinDataRate"/> gives it.</value>
    [TimeRange("00:00:02", "00:10:00")]
    [Limit("", "Time that a request, or an answer, has on top of what the least speed gives it.")]
    public TimeSpan DataGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>
    /// Bytes that a caller may send ahead on one connection before any of them is read, all its calls together
    /// (HTTP/2 connection window): what a flood can put into memory for each connection.
    /// </value>
    [Range(65_535, 64 * 1024 * 1024)]
    [Limit("bytes", "Bytes that a connection may send ahead of what is read (HTTP/2 window); the caller has to wait.")]
    public int WindowBytes { get; set; } = 1024 * 1024;

    /// <value>The same for one call.</value>
    [Range(65_535, 64 * 1024 * 1024)]
    [Limit("bytes", "Bytes that a call may send ahead of what is read (HTTP/2 window); the caller has to wait.")]
    public int StreamWindowBytes { get; set; } = 768 * 1024;
}
