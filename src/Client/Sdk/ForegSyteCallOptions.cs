using Grpc.Core;

namespace ForegSyte.Client;

/// <summary>Options of one method call, in place of those of the client.</summary>
public sealed record ForegSyteCallOptions
{
    /// <summary>
    /// Deadline of each call that the method makes, including its retries, in place of the client's (<see
    /// cref="ForegSyteClientOptions.ReadDeadline"/> and others). A long poll adds the time that the server waits. To
    /// limit a method of several calls, such as an upload, cancel its token after a time.
    /// </summary>
    /// <value>Default: null, the deadline of the client. Greater than zero.</value>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is not greater than zero.</exception>
    public TimeSpan? Timeout
    {
        get;
        init
        {
            if (value <= TimeSpan.Zero)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value), value, $"{nameof(Timeout)} must be greater than zero.");
            }

            field = value;
        }
    }

    /// <summary>
    /// Headers of every call that the method makes, including parts of uploads, for example for a proxy. Do not change
    /// them during the call. The credentials of the client add their header to these.
    /// </summary>
    /// <value>Default: null, no headers.</value>
    public Metadata? Headers { get; init; }
}
