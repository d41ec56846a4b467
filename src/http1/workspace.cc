#include "http1/workspace.h"

namespace bao::http1 {

std::unique_ptr<OutputBuffer> Workspace::take_output() {
  if (outputs_.empty()) return std::make_unique<OutputBuffer>();
  auto output = std::move(outputs_.back());
  outputs_.pop_back();
  return output;
}

void Workspace::give_back(std::unique_ptr<OutputBuffer> output) {
  output->clear();
  outputs_.push_back(std::move(output));
}

}  // namespace bao::http1
