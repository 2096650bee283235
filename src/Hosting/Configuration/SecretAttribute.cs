namespace ForegSyte.Hosting.Configuration;

/// <summary>Marks an option whose value is never shown, printed or logged.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;
