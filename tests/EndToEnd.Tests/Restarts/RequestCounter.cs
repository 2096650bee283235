namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>Counts the requests that a client sends, repetitions included.</summary>
internal sealed class RequestCounter : DelegatingHandler
{
    private int _requests;

    /// <summary>How many were sent.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <inheritdoc />
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        return base.SendAsync(request, cancellationToken);
    }
}
