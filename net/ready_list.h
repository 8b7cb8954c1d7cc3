// Objects of a loop that have something to deliver without waiting for their socket: input that was
// already read.
//
// An intrusive list: linking costs no allocation, and an object that goes away leaves it by itself.
// Owned by the event loop, used on its thread only.
#pragma once

namespace twincached::net {

class ReadyNode {
 public:
  ReadyNode() = default;
  virtual ~ReadyNode() { Unlink(); }
  ReadyNode(const ReadyNode&) = delete;
  ReadyNode& operator=(const ReadyNode&) = delete;

  bool linked() const { return next_ != nullptr; }
  void Unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }
  virtual void OnDue() {}  // called after unlinking

 private:
  friend class ReadyList;
  ReadyNode* next_ = nullptr;
  ReadyNode* previous_ = nullptr;
};

class ReadyList {
 public:
  ReadyList() { end_.next_ = end_.previous_ = &end_; }

  bool empty() const { return end_.next_ == &end_; }
  // Puts `node` at the end; nothing when it is in a list already.
  void Link(ReadyNode* node) {
    if (node->linked()) return;
    node->next_ = &end_;
    node->previous_ = end_.previous_;
    end_.previous_->next_ = node;
    end_.previous_ = node;
  }
  // Removes the first one; nullptr when there is none.
  ReadyNode* TakeFirst() {
    if (empty()) return nullptr;
    ReadyNode* node = end_.next_;
    node->Unlink();
    return node;
  }
  // Takes everything out of `other`. REQUIRES: *this is empty.
  void TakeAll(ReadyList& other) {
    while (ReadyNode* node = other.TakeFirst()) Link(node);
  }

 private:
  ReadyNode end_;  // its next is the first node, its previous the last one
};

}  // namespace twincached::net
