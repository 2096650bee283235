namespace ForegSyte.Jobs.Fetching;

/// <summary>A video on another server, at an address that is allowed.</summary>
/// <param name="Uri">The uri of the submission, without what may be secret in it.</param>
/// <param name="Address">Makes the address of a request: a signature in it holds for a short time only.</param>
/// <param name="FollowsRedirects">Whether the server may name another address.</param>
internal sealed record RemoteVideo(string Uri, Func<Uri> Address, bool FollowsRedirects);
