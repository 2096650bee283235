namespace ForegSyte.Jobs.Fetching;

/// <summary>A host has an address to which the service does not connect. The address is in the log only.</summary>
internal sealed class AddressNotAllowedException() : Exception("The host has an address that is not allowed.");
