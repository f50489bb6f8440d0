"""iStock: clients of Getty Images' API and of XML-RPC, and the shapes of their answers."""
