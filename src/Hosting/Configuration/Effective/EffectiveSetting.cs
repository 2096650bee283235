namespace ForegSyte.Hosting.Configuration.Effective;

/// <summary>A setting that is in force.</summary>
/// <param name="Name">Section and option, for example "Submit:AllowedRoots:0".</param>
/// <param name="Value">Its value as text, durations as [d.]hh:mm:ss; a secret is masked.</param>
/// <param name="Origin">Where the value comes from.</param>
internal sealed record EffectiveSetting(string Name, string Value, SettingOrigin Origin);
