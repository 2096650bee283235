namespace ForegSyte.Inference.Video;

/// <summary>Whether decoders get a network of their own, in which there is nothing to reach.</summary>
internal enum NetworkIsolation
{
    /// <summary>
    /// Where the kernel allows it; otherwise the protocol whitelist alone keeps them off the network.
    /// </summary>
    Auto,

    /// <summary>Always; the service refuses to start where the kernel does not allow it.</summary>
    Required,

    /// <summary>Never; the protocol whitelist alone.</summary>
    Off,
}
