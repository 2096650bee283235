namespace ForegSyte.Hosting.Outbound;

/// <summary>How much of a response a server may send before the caller has read the beginning.</summary>
public static class ResponseWindow
{
    /// <summary>
    /// HTTP/2 flow-control window of a stream in bytes: the maximum of SocketsHttpHandler, for its
    /// InitialHttp2StreamWindowSize.
    /// </summary>
    /// <remarks>
    /// A response of up to an eighth of the window is read without an update of the window. Kestrel 10.0 is reported to
    /// lose a later response of a connection on which updates came in after the end of a response, and its caller waits
    /// until its deadline (dotnet/aspnetcore#53736). With the default window, every response above 8 KiB has updates.
    /// </remarks>
    public const int Bytes = 16 * 1024 * 1024;
}
