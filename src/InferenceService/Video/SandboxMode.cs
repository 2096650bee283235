using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>How much the service insists on <see cref="VideoOptions.SandboxLevel"/>.</summary>
internal enum SandboxMode
{
    /// <summary>The level where this machine allows it, otherwise the next one below it that it allows.</summary>
    Auto,

    /// <summary>The level; the service refuses to start where this machine does not allow it.</summary>
    Required,

    /// <summary>Nothing that has to be tried out: <see cref="SandboxLevel.Limits"/> at most.</summary>
    Off,
}
